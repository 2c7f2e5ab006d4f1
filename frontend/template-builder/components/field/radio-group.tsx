import type { ViewDefinition } from "../../language/definitions.ts";
import { Choice } from "../../render/choice.tsx";

/** One of several values, below each other. What is chosen can be changed, not taken back. */
export const fieldRadioGroup: ViewDefinition = {
  kind: "field",
  type: "field.radio-group",
  labelsGroup: true,
  render: ({ instance }) => <Choice instance={instance} look="rows" />,
};
