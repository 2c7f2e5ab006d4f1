import type { ConditionDefinition } from "../../language/definitions.ts";

/** Nothing, null, or an empty text, list or object; 0, false and " " are something. */
export const conditionEmpty: ConditionDefinition<{ data: unknown }> = {
  kind: "condition",
  type: "condition.empty",
  holds: ({ data }) => isEmpty(data),
  message: (_props, texts) => texts("empty.direct"),
  opposite: (_props, texts) => texts("empty.opposite"),
};

function isEmpty(data: unknown): boolean {
  if (data === undefined || data === null || data === "") return true;
  return typeof data === "object" && Object.keys(data).length === 0;
}
