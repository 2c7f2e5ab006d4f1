import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Component } from "./compile.ts";
import type { ViewDefinition } from "./definitions.ts";
import { deepEqual } from "./equality.ts";
import { asError } from "./errors.ts";
import { type DataReference, isTouched, keyOf } from "./forms.ts";
import { Bound, evaluate, judge, locate, type Scope } from "./scope.ts";
import { stable } from "./stable.ts";
import type { Task } from "./task.ts";
import { linesOf } from "./verdicts.ts";

const NOT_CHILDREN: readonly string[] = ["data", "validation"];

interface Check {
  readonly passed: boolean;
  readonly lines: readonly string[];
}

/**
 * A view, layout or field in its place in the tree of a task. The tree is a pure function of the
 * task's state; entering and leaving it (defaults, hidden values) is the task's business. A class,
 * so that deep comparison takes it for one thing.
 */
export class Instance {
  /** Unique on the page, fit for the DOM. */
  readonly id: string;
  readonly component: Component;
  readonly definition: ViewDefinition;
  readonly scope: Scope;
  readonly task: Task;
  /** Children among the evaluated properties, in the order of the config. */
  readonly children: ReadonlySignal<readonly Instance[]>;
  /** What the component itself remembers while it is shown: opened, rotated, played. */
  readonly viewState: Signal<Readonly<Record<string, unknown>>> = signal({});

  readonly #properties = new Map<string, ReadonlySignal<unknown>>();
  readonly #adopted = new Map<Scope, Map<string, Instance[]>>();
  readonly #reference: ReadonlySignal<DataReference | undefined>;
  readonly #value: ReadonlySignal<unknown>;
  readonly #check: ReadonlySignal<Check>;

  constructor(component: Component, definition: ViewDefinition, scope: Scope) {
    this.component = component;
    this.definition = definition;
    this.scope = scope;
    this.task = scope.task;
    this.id = this.task.nextId();
    this.#reference = sameReference(() => locate(component.properties.get("data"), scope));
    this.#value = stable(() => this.#reference.value?.read());
    this.children = stable(() => this.#listChildren());
    const validationScope: Scope = { ...scope, instance: this };
    this.#check = stable(() => {
      const verdict = judge(component.properties.get("validation"), validationScope);
      if (!verdict.passed) return { passed: false, lines: linesOf(verdict.explain(false)) };
      const message = definition.check?.(this);
      return { passed: message === undefined, lines: message === undefined ? [] : [message] };
    });
  }

  /** An evaluated property; views inside it are instances. */
  read(name: string): unknown {
    let property = this.#properties.get(name);
    if (!property) {
      const node = this.component.properties.get(name);
      property = stable(() => this.#adopt(evaluate(node, this.scope), name, new Map()));
      this.#properties.set(name, property);
    }
    return property.value;
  }

  /** Where a field writes. Raises where it has no `data` that can be written. */
  get reference(): DataReference {
    const reference = this.#reference.value;
    if (reference?.form) return reference;
    throw new Error(`${this.component.path}: ${this.component.type} needs data to write to`);
  }

  get value(): unknown {
    return this.#value.value;
  }

  /** Writes what a person has entered; an empty text or list clears. */
  write(value: unknown): void {
    const isEmpty = value === "" || (Array.isArray(value) && value.length === 0);
    this.task.write(this.reference, isEmpty ? undefined : value);
  }

  get isValid(): boolean {
    return this.#check.value.passed && this.serverError === undefined;
  }

  /** Lines of what is wrong, whether or not it is time to show them. */
  get problems(): readonly string[] {
    const { lines } = this.#check.value;
    return this.serverError === undefined ? lines : [...lines, this.serverError];
  }

  /** Lines to show now: a field's once it was touched, all after an attempt to submit. */
  get errors(): readonly string[] {
    if (this.task.isRevealed.value || this.serverError !== undefined) return this.problems;
    return this.isField && this.isTouched ? this.problems : [];
  }

  get isField(): boolean {
    return this.definition.kind === "field";
  }

  get isDisabled(): boolean {
    return this.task.isReadOnly || this.read("disabled") === true;
  }

  private get isTouched(): boolean {
    const { form, path } = this.reference;
    return form !== undefined && isTouched(form, path);
  }

  private get serverError(): string | undefined {
    return this.isField ? this.task.serverErrorOf(this) : undefined;
  }

  setViewState(change: Readonly<Record<string, unknown>>): void {
    this.viewState.value = { ...this.viewState.peek(), ...change };
  }

  #listChildren(): Instance[] {
    const found: Instance[] = [];
    for (const name of this.component.properties.keys()) {
      if (NOT_CHILDREN.includes(name) || this.definition.lazy?.includes(name)) continue;
      collectInstances(this.read(name), found);
    }
    return found;
  }

  /** Puts instances in place of bound views: the same instance for the same view in the same scope. */
  #adopt(value: unknown, property: string, seen: Map<Instance[], number>): unknown {
    if (value instanceof Bound) {
      const { definition } = value.component;
      const isView =
        definition.kind === "view" || definition.kind === "layout" || definition.kind === "field";
      return isView ? this.#adoptView(value, definition, property, seen) : value;
    }
    if (Array.isArray(value)) return value.map((item) => this.#adopt(item, property, seen));
    if (typeof value === "object" && value !== null && hasBound(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([key, child]) => [key, this.#adopt(child, property, seen)]),
      );
    }
    return value;
  }

  #adoptView(
    bound: Bound,
    definition: ViewDefinition,
    property: string,
    seen: Map<Instance[], number>,
  ): Instance {
    const inScope = getOrMake(this.#adopted, bound.scope, () => new Map<string, Instance[]>());
    const same = getOrMake(inScope, `${property} ${bound.component.path}`, (): Instance[] => []);
    const nth = seen.get(same) ?? 0;
    seen.set(same, nth + 1);
    let instance = same[nth];
    if (!instance) {
      instance = new Instance(bound.component, definition, bound.scope);
      same.push(instance);
    }
    return instance;
  }
}

/** An instance for the root of a task. */
export function createRoot(bound: unknown): Instance {
  if (bound instanceof Bound) {
    const { definition } = bound.component;
    if (definition.kind === "view" || definition.kind === "layout" || definition.kind === "field") {
      return new Instance(bound.component, definition, bound.scope);
    }
  }
  throw asError("view: gives no component; a helper at the root needs an else or a default");
}

function sameReference(
  compute: () => DataReference | undefined,
): ReadonlySignal<DataReference | undefined> {
  let last: DataReference | undefined;
  return computed(() => {
    const next = compute();
    const isSame =
      last && next && keyOf(last) === keyOf(next) && deepEqual(last.fallback, next.fallback);
    if (!isSame) last = next;
    return last;
  });
}

function collectInstances(value: unknown, found: Instance[]): void {
  if (value instanceof Instance) found.push(value);
  else if (Array.isArray(value)) for (const item of value) collectInstances(item, found);
  else if (typeof value === "object" && value !== null && !(value instanceof Bound)) {
    for (const item of Object.values(value)) collectInstances(item, found);
  }
}

function hasBound(value: unknown): boolean {
  if (value instanceof Bound) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasBound);
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
