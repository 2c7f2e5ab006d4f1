import type { ViewDefinition } from "../../language/definitions.ts";
import { Choice } from "../../render/choice.tsx";
import { directionOf } from "../../render/reading.ts";

/** One of several values, as buttons in a row that wraps. */
export const fieldButtonRadioGroup: ViewDefinition = {
  kind: "field",
  type: "field.button-radio-group",
  labelsGroup: true,
  render: ({ instance }) => (
    <div dir={directionOf(instance)}>
      <Choice instance={instance} look="buttons" />
    </div>
  ),
};
