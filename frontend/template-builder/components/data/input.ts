import type { DataDefinition } from "../../language/definitions.ts";
import { getByPath } from "../../language/paths.ts";

/** What the task was given. An empty path gives nothing, not the whole input. */
export const dataInput: DataDefinition = {
  kind: "data",
  type: "data.input",
  raw: ["schema"],
  locate(call) {
    const path = String(call.read("path") ?? "");
    const fallback = call.read("default");
    const { input } = call.scope.task;
    return {
      form: undefined,
      path,
      fallback,
      read: () => (path === "" ? fallback : getByPath(input, path, fallback)),
    };
  },
};
