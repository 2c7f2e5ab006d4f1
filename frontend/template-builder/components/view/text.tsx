import type { ViewDefinition } from "../../language/definitions.ts";
import { directionOf, textOf } from "../../render/reading.ts";

/** Plain text with its line breaks; other values as JSON. */
export const viewText: ViewDefinition = {
  kind: "view",
  type: "view.text",
  render: ({ instance }) => (
    <div class="tb-plain" dir={directionOf(instance)}>
      {textOf(instance, "content")}
    </div>
  ),
};
