import type { ConditionDefinition } from "../../language/definitions.ts";

/** Anything but "not there": null, false and empty containers are answers. */
export const conditionRequired: ConditionDefinition<{ data: unknown }> = {
  kind: "condition",
  type: "condition.required",
  holds: ({ data }) => data !== undefined,
  message: (_props, texts) => texts("required.direct"),
  opposite: (_props, texts) => texts("required.opposite"),
};
