/** Runs the template language without a page: what `npm run tb:run` and the shared cases use. */
import { registry } from "./components/index.ts";
import { performAction } from "./language/actions.ts";
import { compileConfig, compileExpression } from "./language/compile.ts";
import { asError } from "./language/errors.ts";
import type { Instance } from "./language/instance.ts";
import { evaluate } from "./language/scope.ts";
import { Task } from "./language/task.ts";

export type Step =
  | { readonly do: "mount" }
  | { readonly set: string; readonly value?: unknown }
  | { readonly add: string }
  | { readonly press: string }
  | { readonly submit: true };

export interface RunCase {
  readonly config?: unknown;
  readonly expression?: unknown;
  readonly input?: unknown;
  /** An answer begun earlier. */
  readonly output?: unknown;
  readonly language?: "en" | "ru";
  readonly steps?: readonly Step[];
}

export interface TraceLine {
  /** The number of the step, from 0. */
  readonly step: number;
  readonly output: unknown;
  readonly valid: boolean;
  readonly errors: readonly { type: string; path: string; messages: readonly string[] }[];
}

export type RunResult = { trace: TraceLine[] } | { value: unknown } | { throws: string };

const HOST = { reportProblem: () => undefined };
const EMPTY_CONFIG = { view: { type: "view.list", items: [] } };

/** Runs one case; what the template raises is the result `throws`. */
export function runCase(runCase: RunCase): RunResult {
  try {
    return "expression" in runCase ? runExpression(runCase) : runSteps(runCase);
  } catch (reason) {
    return { throws: asError(reason).message };
  }
}

function runExpression({ expression, input, output, language = "en" }: RunCase): RunResult {
  const node = compileExpression(expression, registry);
  const template = compileConfig(EMPTY_CONFIG, registry);
  const task = new Task({ template, input, output, language, host: HOST });
  const value = evaluate(node, { task, local: () => undefined });
  task.dispose();
  return { value: markUndefined(value) };
}

function runSteps({ config, input, output, language = "en", steps = [] }: RunCase): RunResult {
  const template = compileConfig(config, registry);
  const task = new Task({ template, input, output, language, host: HOST });
  const { failure } = task;
  try {
    if (failure.value) throw failure.value;
    const trace = steps.map((step, index) => {
      takeStep(task, step);
      if (failure.value) throw failure.value;
      return {
        step: index,
        output: asJson(task.output.value.value),
        valid: task.isValid,
        errors: task.errors.map(({ type, path, messages }) => ({ type, path, messages })),
      };
    });
    return { trace };
  } finally {
    task.dispose();
  }
}

function takeStep(task: Task, step: Step): void {
  if ("set" in step) setField(task, step.set, step.value);
  else if ("add" in step) addItem(task, step.add);
  else if ("press" in step) pressButton(task, step.press);
  else if ("submit" in step) task.reveal();
}

/** Writes as the field at that path does; a path without a field is written as it stands. */
function setField(task: Task, path: string, value: unknown): void {
  const field = findField(task, path);
  if (field) field.write(value);
  else {
    task.write({ form: task.output, path, fallback: undefined, read: () => undefined }, value);
  }
}

function addItem(task: Task, path: string): void {
  const list = findField(task, path, "field.list");
  if (!list) throw new Error(`no field.list for ${JSON.stringify(path)} is shown`);
  const items = Array.isArray(list.value) ? list.value : [];
  list.write([...items, undefined]);
}

function pressButton(task: Task, label: string): void {
  const button = task.mounted.value.find(
    (instance) =>
      instance.component.type === "view.action-button" &&
      (instance.read("label") === label || instance.read("content") === label),
  );
  if (!button) throw new Error(`no view.action-button ${JSON.stringify(label)} is shown`);
  performAction(button.read("action"));
}

function findField(task: Task, path: string, type?: string): Instance | undefined {
  return task.mounted.value.find(
    (instance) =>
      instance.isField &&
      (type === undefined || instance.component.type === type) &&
      instance.reference.form === task.output &&
      instance.reference.path === path,
  );
}

/** What JSON makes of a value: slots of arrays that hold nothing are null. */
function asJson(value: unknown): unknown {
  return value === undefined ? {} : JSON.parse(JSON.stringify(value));
}

/** JSON has no undefined: `{"$undefined": true}` stands for it, at any depth. */
function markUndefined(value: unknown): unknown {
  if (value === undefined) return { $undefined: true };
  if (Array.isArray(value)) return value.map(markUndefined);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, markUndefined(one)]));
  }
  return value;
}
