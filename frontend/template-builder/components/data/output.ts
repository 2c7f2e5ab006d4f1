import type { DataDefinition } from "../../language/definitions.ts";
import { referTo } from "../../language/forms.ts";

/** The answer. Its `default` is written by the field that uses it; reading gives what is there. */
export const dataOutput: DataDefinition = {
  kind: "data",
  type: "data.output",
  locate: (call) =>
    referTo(call.scope.task.output, String(call.read("path") ?? ""), call.read("default")),
};
