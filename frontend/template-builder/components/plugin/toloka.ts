import type { Template } from "../../language/compile.ts";
import type { PluginDefinition } from "../../language/definitions.ts";
import { evaluate } from "../../language/scope.ts";
import type { Task } from "../../language/task.ts";

/** How the tasks of a page are laid out; read by the page, see `readPageLayout`. */
export const pluginToloka: PluginDefinition = { kind: "plugin", type: "plugin.toloka" };

export interface PageLayout {
  /** All tasks below each other, or one at a time. */
  readonly kind: "scroll" | "pager";
  /** The width of a task in CSS pixels; undefined is the full width. */
  readonly taskWidth: number | undefined;
}

/** What the template's plugins say of the page; the last one that says something counts. */
export function readPageLayout(template: Template, task: Task): PageLayout {
  let layout: PageLayout = { kind: "scroll", taskWidth: undefined };
  for (const plugin of template.plugins) {
    if (plugin.definition !== pluginToloka) continue;
    const given = evaluate(plugin.properties.get("layout"), { task, local: () => undefined });
    if (typeof given !== "object" || given === null) continue;
    const { kind, taskWidth } = given as Readonly<Record<string, unknown>>;
    layout = {
      // "first-task-only" is deprecated; no task may be hidden for good, so it is shown as a pager.
      kind: kind === undefined || kind === "scroll" ? "scroll" : "pager",
      taskWidth: readWidth(taskWidth),
    };
  }
  return layout;
}

function readWidth(width: unknown): number | undefined {
  const pixels = typeof width === "string" ? Number(width.replace(/px$/, "")) : width;
  return typeof pixels === "number" && pixels > 0 ? pixels : undefined;
}
