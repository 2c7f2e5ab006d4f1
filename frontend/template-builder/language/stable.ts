import { computed, type ReadonlySignal } from "@preact/signals-core";
import { deepEqual } from "./equality.ts";

/** A computed signal that keeps its old value, and wakes nobody, where the new one is deeply equal. */
export function stable<T>(compute: () => T): ReadonlySignal<T> {
  let last: { value: T } | undefined;
  return computed(() => {
    const value = compute();
    if (last && deepEqual(last.value, value)) return last.value;
    last = { value };
    return value;
  });
}
