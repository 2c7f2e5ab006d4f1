import type { DataDefinition } from "../../language/definitions.ts";
import { referTo } from "../../language/forms.ts";

/** Scratch of the template: kept in the browser, never submitted. */
export const dataInternal: DataDefinition = {
  kind: "data",
  type: "data.internal",
  locate: (call) =>
    referTo(call.scope.task.internal, String(call.read("path") ?? ""), call.read("default")),
};
