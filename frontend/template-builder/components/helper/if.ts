import type { SelectorDefinition } from "../../language/definitions.ts";

/** `then` where the condition passes (an absent one does), else `else`, which may be absent. */
export const helperIf: SelectorDefinition = {
  kind: "selector",
  type: "helper.if",
  select: (call) => call.node(call.judge("condition").passed ? "then" : "else"),
};
