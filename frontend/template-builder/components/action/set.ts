import type { ActionDefinition } from "../../language/definitions.ts";

/** Writes the payload; `{"$empty": true}` clears. */
export const actionSet: ActionDefinition = {
  kind: "action",
  type: "action.set",
  run(call) {
    const reference = call.reference("data");
    if (reference) call.scope.task.write(reference, call.read("payload"));
  },
};
