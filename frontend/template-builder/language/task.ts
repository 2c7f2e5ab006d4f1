import {
  batch,
  computed,
  effect,
  type ReadonlySignal,
  type Signal,
  signal,
  untracked,
} from "@preact/signals-core";
import { type ActionSketch, isSameAction } from "./actions.ts";
import type { Component, Template } from "./compile.ts";
import { asError } from "./errors.ts";
import {
  createForm,
  type DataReference,
  enterField,
  type Form,
  keyOf,
  leaveField,
  touch,
  writeForm,
} from "./forms.ts";
import { createRoot, type Instance } from "./instance.ts";
import { isInside } from "./paths.ts";
import { createCall, evaluate, type Scope } from "./scope.ts";
import { type LanguageCode, type LanguageTexts, textsIn } from "./texts.ts";

/** What the page does for a template. */
export interface Host {
  /** A picture, sound or film that did not load. */
  reportProblem(problem: { url: string; kind: string }): void;
}

export interface TaskSource {
  readonly template: Template;
  readonly input: unknown;
  readonly host: Host;
  readonly language: LanguageCode;
  /** An answer begun or given earlier, with what it kept beside. */
  readonly output?: unknown;
  readonly internal?: unknown;
  readonly touched?: readonly string[];
  readonly isReadOnly?: boolean;
}

export interface Hotkey {
  readonly key: string;
  readonly worksInInputs: boolean;
  /** The action, evaluated when it is asked for. */
  action(): unknown;
}

export interface TaskError {
  readonly instance: Instance;
  readonly type: string;
  /** The path of the field's data; "" for what is no field. */
  readonly path: string;
  readonly messages: readonly string[];
}

interface Entry {
  readonly instance: Instance;
  readonly reference: DataReference;
  readonly key: string;
}

let tasksMade = 0;

/**
 * One task under a template: its state, the tree of what is shown now, and what is wrong with it.
 * Knows nothing of the DOM: a page renders `root`, a test reads `output`, both see the same.
 */
export class Task {
  readonly input: unknown;
  readonly output: Form;
  readonly internal: Form;
  readonly texts: LanguageTexts;
  readonly language: LanguageCode;
  readonly host: Host;
  readonly isReadOnly: boolean;
  /** An attempt to submit was made: every error shows. */
  readonly isRevealed: Signal<boolean> = signal(false);
  /** What broke the template while it ran; the task can then be neither shown nor sent. */
  readonly failure: Signal<Error | undefined> = signal(undefined);
  readonly hotkeys: Signal<readonly Hotkey[]> = signal([]);
  /** What is shown now, in the order of the config. */
  readonly mounted: Signal<readonly Instance[]> = signal([]);
  readonly root: ReadonlySignal<Instance | undefined>;

  readonly #serverErrors: Signal<ReadonlyMap<string, string>> = signal(new Map());
  readonly #disposals: (() => void)[] = [];
  readonly #name: string;
  #instancesMade = 0;
  #entries: readonly Entry[] = [];

  constructor(source: TaskSource) {
    tasksMade += 1;
    this.#name = `t${tasksMade}`;
    this.input = source.input;
    this.output = createForm("output", source.output, source.touched);
    this.internal = createForm("internal", source.internal);
    this.language = source.language;
    this.texts = textsIn(source.language);
    this.host = source.host;
    this.isReadOnly = source.isReadOnly ?? false;
    const scope: Scope = { task: this, local: () => undefined };
    const isPossible = computed(() => this.failure.value === undefined);
    const createRootOnce = keepRoot();
    const tree = computed(() => createRootOnce(evaluate(source.template.view, scope)));
    this.root = computed(() => (isPossible.value ? tree.value : undefined));
    this.#guard(() => {
      for (const plugin of source.template.plugins) this.#start(plugin, scope);
    });
    this.#watch(() => this.#enterAndLeave(tree.value));
    this.#watch(() => {
      for (const instance of this.mounted.value) instance.definition.settle?.(instance);
    });
  }

  get isValid(): boolean {
    return (
      this.failure.value === undefined && this.mounted.value.every((instance) => instance.isValid)
    );
  }

  /** The errors that are to be seen now, in the order of the page. */
  get errors(): readonly TaskError[] {
    if (this.failure.value) return [];
    return this.mounted.value
      .filter((instance) => !instance.isValid && instance.errors.length > 0)
      .map((instance) => ({
        instance,
        type: instance.component.type,
        path: instance.isField ? instance.reference.path : "",
        messages: instance.errors,
      }));
  }

  /** Shows every error, as an attempt to submit does; true where there is none. */
  reveal(): boolean {
    this.isRevealed.value = true;
    return this.isValid;
  }

  /** Writes as a person or an action does: the path counts as touched. */
  write(reference: DataReference, value: unknown): void {
    const { form, path } = reference;
    if (!form || this.isReadOnly) return;
    this.#guard(() =>
      batch(() => {
        touch(form, path);
        if (form.name === "output") this.#forgetServerErrors(path);
        writeForm(form, path, value);
      }),
    );
  }

  /** Errors that the server found, by output path; each goes when its value is changed. */
  setServerErrors(errors: ReadonlyMap<string, string>): void {
    this.#serverErrors.value = errors;
  }

  serverErrorOf(instance: Instance): string | undefined {
    const errors = this.#serverErrors.value;
    if (errors.size === 0) return undefined;
    const { form, path } = instance.reference;
    if (form?.name !== "output") return undefined;
    return [...errors].find(([at]) => isInside(at, path) || isInside(path, at))?.[1];
  }

  /** Server errors that no field on the page stands for. */
  get looseServerErrors(): readonly string[] {
    const paths = this.mounted.value
      .filter((instance) => instance.isField && instance.reference.form?.name === "output")
      .map((instance) => instance.reference.path);
    return [...this.#serverErrors.value]
      .filter(([at]) => !paths.some((path) => isInside(at, path) || isInside(path, at)))
      .map(([, message]) => message);
  }

  /** The last shown instance of a view that an action names. */
  findInstance(component: Component): Instance | undefined {
    return this.mounted.peek().findLast((instance) => instance.component === component);
  }

  /** The key that does what a control does, for its badge. */
  hotkeyOf(sketch: ActionSketch): string | undefined {
    return this.hotkeys.value.find((hotkey) => isSameAction(hotkey.action(), sketch))?.key;
  }

  addHotkeys(hotkeys: readonly Hotkey[]): void {
    this.hotkeys.value = [...this.hotkeys.peek(), ...hotkeys];
  }

  /** Records what broke the template; the rest of the page goes on. */
  fail(reason: unknown): void {
    if (this.failure.peek() === undefined) this.failure.value = asError(reason);
  }

  nextId(): string {
    this.#instancesMade += 1;
    return `${this.#name}-${this.#instancesMade}`;
  }

  dispose(): void {
    for (const dispose of this.#disposals.splice(0)) dispose();
  }

  #start(plugin: Component, scope: Scope): void {
    if (plugin.definition.kind !== "plugin") return;
    const stop = plugin.definition.start?.(createCall(plugin, scope));
    if (stop) this.#disposals.push(stop);
  }

  #watch(run: () => void): void {
    this.#guard(() => {
      this.#disposals.push(effect(() => this.#guard(run)));
    });
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (reason) {
      this.fail(reason);
    }
  }

  /** Follows the tree: values of fields that went are kept aside, those that came are filled. */
  #enterAndLeave(root: Instance): void {
    const order: Instance[] = [];
    collectTree(root, order);
    const entries = order.filter((instance) => instance.isField).map(createEntry);
    untracked(() => batch(() => this.#applyEntries(entries)));
    this.mounted.value = order;
  }

  #applyEntries(entries: readonly Entry[]): void {
    const before = new Map(this.#entries.map((entry) => [entry.instance, entry]));
    const after = new Map(entries.map((entry) => [entry.instance, entry]));
    const gone = this.#entries.filter((entry) => after.get(entry.instance)?.key !== entry.key);
    const come = entries.filter((entry) => before.get(entry.instance)?.key !== entry.key);
    this.#entries = entries;
    for (const { reference } of gone) {
      const isStillUsed = entries.some(
        (entry) =>
          entry.reference.form === reference.form && isInside(reference.path, entry.reference.path),
      );
      if (!isStillUsed) leaveField(reference);
    }
    const inUse = new Set(entries.filter((entry) => !come.includes(entry)).map(({ key }) => key));
    for (const { reference, key } of come) {
      if (!this.isReadOnly) enterField(reference, { inUse: inUse.has(key) });
      inUse.add(key);
    }
  }

  #forgetServerErrors(path: string): void {
    const errors = this.#serverErrors.peek();
    const kept = [...errors].filter(([at]) => !isInside(at, path) && !isInside(path, at));
    if (kept.length < errors.size) this.#serverErrors.value = new Map(kept);
  }
}

function createEntry(instance: Instance): Entry {
  const { reference } = instance;
  return { instance, reference, key: keyOf(reference) };
}

function collectTree(instance: Instance, order: Instance[]): void {
  order.push(instance);
  for (const child of instance.children.value) collectTree(child, order);
}

/** A root stays the same instance as long as the same view stands there. */
function keepRoot(): (bound: unknown) => Instance {
  let last: Instance | undefined;
  return (bound) => {
    const next = createRoot(bound);
    if (last?.component !== next.component) last = next;
    return last;
  };
}
