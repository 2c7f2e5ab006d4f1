import { Component, type Node } from "./compile.ts";
import type { ConditionDefinition, Props } from "./definitions.ts";
import type { DataReference } from "./forms.ts";
import type { Instance } from "./instance.ts";
import type { Task } from "./task.ts";
import { PASSED, type Verdict, verdictOf } from "./verdicts.ts";

/** Where evaluation stands: what `data.*` without more context refer to. Compared by identity. */
export interface Scope {
  readonly task: Task;
  /** What `data.local` reads: the item of a transform or list, the value of a trigger. */
  local(): unknown;
  /** What `data.relative` addresses: the item of the nearest `field.list`. */
  readonly item?: DataReference;
  /** Inside a `validation`: the component it belongs to. */
  readonly instance?: Instance;
}

/** A view, action or plugin together with the scope it was met in: evaluated later, in its place. */
export class Bound {
  readonly component: Component;
  readonly scope: Scope;

  constructor(component: Component, scope: Scope) {
    this.component = component;
    this.scope = scope;
  }
}

/** A component as its definition sees it while it is evaluated. */
export interface Call {
  readonly component: Component;
  readonly scope: Scope;
  /** The value of a property, read anew: a caller inside a signal follows its changes. */
  read(name: string): unknown;
  node(name: string): Node | undefined;
  /** The place that a writable or readable `data` property names. */
  reference(name: string): DataReference | undefined;
  /** A property judged as a condition; absent ones pass. */
  judge(name: string): Verdict;
  judgeEach(name: string): Verdict[];
}

export function createCall(component: Component, scope: Scope): Call {
  const node = (name: string): Node | undefined => component.properties.get(name);
  return {
    component,
    scope,
    node,
    read: (name) => evaluate(node(name), scope),
    reference: (name) => locate(node(name), scope),
    judge: (name) => judge(node(name), scope),
    judgeEach: (name) => judgeEach(node(name), scope),
  };
}

/** The value of a node: deep, with components that only make sense in their place left bound. */
export function evaluate(node: Node | undefined, scope: Scope): unknown {
  if (node === undefined) return undefined;
  if (node instanceof Component) return evaluateComponent(node, scope);
  switch (node.kind) {
    case "literal":
      return node.value;
    case "array":
      return node.items.map((item) => evaluate(item, scope));
    case "object":
      return Object.fromEntries(
        [...node.entries].map(([key, value]) => [key, evaluate(value, scope)]),
      );
  }
}

function evaluateComponent(component: Component, scope: Scope): unknown {
  const { definition } = component;
  switch (definition.kind) {
    case "data":
      return definition.locate(createCall(component, scope)).read();
    case "selector":
      return evaluate(definition.select(createCall(component, scope)), scope);
    case "helper":
      return definition.compute(readProps(component, scope), createCall(component, scope));
    case "condition":
    case "composite":
      return judge(component, scope).passed;
    default:
      return new Bound(component, scope);
  }
}

/** The place a node names: a `data.*` component, or a selector that yields one. */
export function locate(node: Node | undefined, scope: Scope): DataReference | undefined {
  if (!(node instanceof Component)) return undefined;
  const call = createCall(node, scope);
  if (node.definition.kind === "data") return node.definition.locate(call);
  if (node.definition.kind === "selector") return locate(node.definition.select(call), scope);
  return undefined;
}

/** A node judged as a condition. */
export function judge(node: Node | undefined, scope: Scope): Verdict {
  if (node === undefined) return PASSED;
  if (!(node instanceof Component)) return verdictOf(evaluate(node, scope), scope.task.texts);
  const { definition } = node;
  switch (definition.kind) {
    case "selector":
      return judge(definition.select(createCall(node, scope)), scope);
    case "composite":
      return withHint(node, scope, definition.judge(createCall(node, scope)));
    case "condition":
      return withHint(node, scope, judgeSimple(definition, node, scope));
    default:
      return verdictOf(evaluate(node, scope), scope.task.texts);
  }
}

function judgeSimple(definition: ConditionDefinition, node: Component, scope: Scope): Verdict {
  const props = readProps(node, scope);
  const { texts } = scope.task;
  return {
    passed: definition.holds(props),
    explain: (negated) => ({
      sentence: negated ? definition.opposite(props, texts) : definition.message(props, texts),
    }),
  };
}

/** A `hint` replaces the built-in sentence, that of a whole group too. */
function withHint(component: Component, scope: Scope, verdict: Verdict): Verdict {
  const hint = component.properties.get("hint");
  if (hint === undefined) return verdict;
  return {
    passed: verdict.passed,
    explain: (negated) => {
      const text = negated ? undefined : evaluate(hint, scope);
      return text === undefined || text === "" ? verdict.explain(negated) : { sentence: `${text}` };
    },
  };
}

function judgeEach(node: Node | undefined, scope: Scope): Verdict[] {
  if (node instanceof Component && node.definition.kind === "selector") {
    return judgeEach(node.definition.select(createCall(node, scope)), scope);
  }
  if (node && "kind" in node && node.kind === "array") {
    return node.items.map((item) => judge(item, scope));
  }
  const value = evaluate(node, scope);
  return Array.isArray(value) ? value.map((item) => verdictOf(item, scope.task.texts)) : [];
}

/**
 * The properties as an object that evaluates what is read of it, and nothing else. A condition
 * without `data` gets the data of the field whose validation it stands in.
 */
function readProps(component: Component, scope: Scope): Props {
  const props: Record<string, unknown> = {};
  for (const [name, node] of component.properties) {
    Object.defineProperty(props, name, { enumerable: true, get: () => evaluate(node, scope) });
  }
  if (!component.properties.has("data") && component.definition.kind === "condition") {
    Object.defineProperty(props, "data", { get: () => scope.instance?.value });
  }
  return props;
}
