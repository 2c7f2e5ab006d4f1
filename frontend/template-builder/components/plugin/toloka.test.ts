import { expect, test } from "vitest";
import { compileConfig } from "../../language/compile.ts";
import { openTask } from "../../testing.ts";
import { registry } from "../index.ts";
import { readPageLayout } from "./toloka.ts";

const view = { type: "view.list", items: [] };
const toloka = (layout?: unknown) => ({ type: "plugin.toloka", layout });

test.each([
  [[], { kind: "scroll", taskWidth: undefined }],
  [[toloka()], { kind: "scroll", taskWidth: undefined }],
  [[toloka({ kind: "pager" })], { kind: "pager", taskWidth: undefined }],
  [[toloka({ kind: "first-task-only" })], { kind: "pager", taskWidth: undefined }],
  [[toloka({ kind: "scroll", taskWidth: 400 })], { kind: "scroll", taskWidth: 400 }],
  [[toloka({ kind: "scroll", taskWidth: "100%" })], { kind: "scroll", taskWidth: undefined }],
])("%j gives %j", (plugins, layout) => {
  const config = { view, plugins };

  expect(readPageLayout(compileConfig(config, registry), openTask(config))).toEqual(layout);
});
