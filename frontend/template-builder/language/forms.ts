import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { getByPath, isInside, joinPath, setByPath } from "./paths.ts";

/** A writable part of a task's state: the answer, or scratch that is never submitted. */
export interface Form {
  readonly name: "output" | "internal";
  readonly value: Signal<unknown>;
  /** Paths that a person or an action has written; defaults leave them alone. */
  readonly touched: Signal<ReadonlySet<string>>;
  /** Values of fields that are hidden now, by path; they come back with the field. */
  readonly graveyard: Map<string, unknown>;
  readonly defaulted: Set<string>;
  /** One signal a path that is read, so that a change wakes only the readers of what changed. */
  readonly cells: Map<string, ReadonlySignal<unknown>>;
}

/** A place that a `data.*` component names. `form` is undefined where it can only be read. */
export interface DataReference {
  readonly form: Form | undefined;
  readonly path: string;
  /** The `default`: read in place of nothing by `data.input`, written once by a field elsewhere. */
  readonly fallback: unknown;
  read(): unknown;
}

/** `initial` is an answer begun earlier: each of its paths counts as touched. */
export function createForm(
  name: Form["name"],
  initial: unknown = {},
  touched: readonly string[] = [],
): Form {
  return {
    name,
    value: signal(initial),
    touched: signal(new Set([...leafPaths(initial), ...touched])),
    graveyard: new Map(),
    defaulted: new Set(),
    cells: new Map(),
  };
}

export function referTo(form: Form, path: string, fallback: unknown): DataReference {
  return { form, path, fallback, read: () => readCell(form, path) };
}

function readCell(form: Form, path: string): unknown {
  let cell = form.cells.get(path);
  if (!cell) {
    cell = computed(() => getByPath(form.value.value, path));
    form.cells.set(path, cell);
  }
  return cell.value;
}

/** Two references with the same key name the same place. */
export function keyOf(reference: DataReference): string {
  return `${reference.form?.name ?? "read-only"}:${reference.path}`;
}

export function writeForm(form: Form, path: string, value: unknown): void {
  form.value.value = setByPath(form.value.peek(), path, value);
}

export function touch(form: Form, path: string): void {
  if (!form.touched.peek().has(path)) {
    form.touched.value = new Set([...form.touched.peek(), path]);
  }
}

/** True where the path or something inside it was written by a person or an action. */
export function isTouched(form: Form, path: string): boolean {
  for (const touched of form.touched.value) if (isInside(touched, path)) return true;
  return false;
}

/** What happens to a place when a field for it appears: its hidden value returns, else the default. */
export function enterField(reference: DataReference, { inUse }: { inUse: boolean }): void {
  const { form, path, fallback } = reference;
  if (!form) return;
  if (form.graveyard.has(path) && !inUse) {
    writeForm(form, path, form.graveyard.get(path));
    form.graveyard.delete(path);
  }
  const isEmpty = getByPath(form.value.peek(), path) === undefined;
  if (isEmpty && fallback !== undefined && !form.defaulted.has(path) && !isTouched(form, path)) {
    form.defaulted.add(path);
    writeForm(form, path, fallback);
  }
}

/** What happens when the last field for a place goes: the value leaves the form and is kept. */
export function leaveField(reference: DataReference): void {
  const { form, path } = reference;
  if (!form) return;
  const value = getByPath(form.value.peek(), path);
  if (value === undefined) return;
  form.graveyard.set(path, value);
  writeForm(form, path, undefined);
}

function leafPaths(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return path === "" ? [] : [path];
  const entries = Object.entries(value);
  if (entries.length === 0) return path === "" ? [] : [path];
  return entries
    .filter(([, child]) => child !== undefined)
    .flatMap(([key, child]) => leafPaths(child, joinPath(path, key)));
}
