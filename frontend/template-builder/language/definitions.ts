/** What a component file registers. One interface an archetype; none of them knows of the DOM. */
import type { Node } from "./compile.ts";
import type { DataReference } from "./forms.ts";
import type { Instance } from "./instance.ts";
import type { Call } from "./scope.ts";
import type { LanguageTexts } from "./texts.ts";
import type { Verdict } from "./verdicts.ts";

export type Props = Readonly<Record<string, unknown>>;

interface Common {
  readonly type: string;
  /** Properties that are kept as written: not compiled, their `$ref` not followed. */
  readonly raw?: readonly string[];
}

export interface ViewDefinition extends Common {
  readonly kind: "view" | "layout" | "field";
  /** Properties that mounting must not evaluate, beside `data` and `validation`. */
  readonly lazy?: readonly string[];
  /** The component shows its `label` itself. */
  readonly labelInside?: boolean;
  /** The label names a group of controls (a legend), not one control. */
  readonly labelsGroup?: boolean;
  /** A built-in check, made after `validation` has passed: the message, or undefined. */
  check?(instance: Instance): string | undefined;
  /** Runs when it is mounted and whenever something it reads changes. */
  settle?(instance: Instance): void;
  /** Loads what rendering needs, before the page is shown. */
  prepare?(): Promise<void>;
  /** A Preact component; the renderer alone calls it. */
  readonly render: (props: { instance: Instance }) => unknown;
}

export interface ConditionDefinition<P = Props> extends Common {
  readonly kind: "condition";
  holds(props: P): boolean;
  message(props: P, texts: LanguageTexts): string;
  /** What is said under `condition.not`. */
  opposite(props: P, texts: LanguageTexts): string;
}

/** A condition made of conditions. */
export interface CompositeDefinition extends Common {
  readonly kind: "composite";
  judge(call: Call): Verdict;
}

/** A helper that chooses one of its properties, so that it can stand for data and views too. */
export interface SelectorDefinition extends Common {
  readonly kind: "selector";
  select(call: Call): Node | undefined;
}

export interface HelperDefinition<P = Props> extends Common {
  readonly kind: "helper";
  compute(props: P, call: Call): unknown;
}

export interface ActionDefinition extends Common {
  readonly kind: "action";
  run(call: Call): void;
}

export interface PluginDefinition extends Common {
  readonly kind: "plugin";
  /** Runs before the view is mounted; what it returns ends it. */
  start?(call: Call): (() => void) | undefined;
}

export interface DataDefinition extends Common {
  readonly kind: "data";
  locate(call: Call): DataReference;
}

export type Definition =
  | ViewDefinition
  | ConditionDefinition
  | CompositeDefinition
  | SelectorDefinition
  | HelperDefinition
  | ActionDefinition
  | PluginDefinition
  | DataDefinition;

export type Registry = ReadonlyMap<string, Definition>;

export function createRegistry(definitions: readonly Definition[]): Registry {
  return new Map(definitions.map((definition) => [definition.type, definition]));
}
