import type { ViewDefinition } from "../../language/definitions.ts";
import { asText, directionOf, textOf } from "../../render/reading.ts";
import { controlProps } from "../../render/view.tsx";

/** One line of text, kept as typed; empty is no answer. */
export const fieldText: ViewDefinition = {
  kind: "field",
  type: "field.text",
  render: ({ instance }) => (
    <input
      {...controlProps(instance)}
      class="tb-input"
      type="text"
      autocomplete="off"
      dir={directionOf(instance)}
      placeholder={instance.task.isReadOnly ? "" : textOf(instance, "placeholder")}
      value={asText(instance.value)}
      disabled={instance.isDisabled}
      onInput={(event) => instance.write(event.currentTarget.value)}
    />
  ),
};
