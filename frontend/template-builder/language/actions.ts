import { Component } from "./compile.ts";
import { deepEqual } from "./equality.ts";
import { type DataReference, keyOf } from "./forms.ts";
import { Bound, createCall } from "./scope.ts";

/** What an action does, to tell whether a control and a hotkey do the same. */
export interface ActionSketch {
  readonly type: string;
  readonly data?: DataReference | undefined;
  readonly view?: Component | undefined;
  readonly payload?: unknown;
}

/** Runs an action where it stands. Anything that is no action is passed over. */
export function performAction(action: unknown): void {
  if (!(action instanceof Bound) || action.component.definition.kind !== "action") return;
  action.component.definition.run(createCall(action.component, action.scope));
}

/** True where `action` does what `sketch` says: type, place, view and payload alike, strictly. */
export function isSameAction(action: unknown, sketch: ActionSketch): boolean {
  if (!(action instanceof Bound) || action.component.type !== sketch.type) return false;
  const call = createCall(action.component, action.scope);
  const data = call.reference("data");
  const view = call.node("view");
  return (
    (data && keyOf(data)) === (sketch.data && keyOf(sketch.data)) &&
    (view instanceof Component ? view : undefined) === sketch.view &&
    deepEqual(call.read("payload"), sketch.payload)
  );
}
