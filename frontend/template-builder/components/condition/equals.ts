import type { ConditionDefinition } from "../../language/definitions.ts";
import { deepEqual } from "../../language/equality.ts";

type Props = {
  data: unknown;
  to: unknown;
};

export const conditionEquals: ConditionDefinition<Props> = {
  kind: "condition",
  type: "condition.equals",
  holds: ({ data, to }) => deepEqual(data, to),
  message: (props, texts) => texts("equals.direct", valuesOf(props)).trim(),
  opposite: (props, texts) => texts("equals.opposite", valuesOf(props)).trim(),
};

function valuesOf({ data, to }: Props): { data: string; to: string } {
  const shown = typeof data === "object" ? JSON.stringify(data) : String(data ?? "");
  return { data: shown, to: JSON.stringify(to) ?? "" };
}
