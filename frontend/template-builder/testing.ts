/** For tests: a task under a template, as a page would open it. */
import { registry } from "./components/index.ts";
import { compileConfig } from "./language/compile.ts";
import { Task, type TaskSource } from "./language/task.ts";

export function openTask(
  config: unknown,
  source: Partial<Omit<TaskSource, "template">> = {},
): Task {
  return new Task({
    template: compileConfig(config, registry),
    input: {},
    language: "en",
    host: { reportProblem: () => undefined },
    ...source,
  });
}

export function output(path: string, more: Record<string, unknown> = {}) {
  return { type: "data.output", path, ...more };
}

/** The field for an output path, or an error that says so. */
export function fieldOf(task: Task, path: string) {
  const found = task.mounted.value.find((one) => one.isField && one.reference.path === path);
  if (!found) throw new Error(`no field for ${path}`);
  return found;
}
