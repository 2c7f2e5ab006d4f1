import type { ViewDefinition } from "../../language/definitions.ts";
import { asText, directionOf, flagOf, numberOf, textOf } from "../../render/reading.ts";
import { controlProps, focusInstance } from "../../render/view.tsx";

/** Several lines of text, kept as typed; empty is no answer. */
export const fieldTextarea: ViewDefinition = {
  kind: "field",
  type: "field.textarea",
  render: ({ instance }) => {
    const text = asText(instance.value);
    const canClear = text !== "" && !instance.isDisabled;
    const clear = () => {
      instance.write(undefined);
      focusInstance(instance);
    };
    return (
      <div class="tb-textarea">
        <textarea
          {...controlProps(instance)}
          class="tb-input"
          rows={numberOf(instance, "rows") ?? 4}
          style={{ resize: flagOf(instance, "resizable", true) ? "vertical" : "none" }}
          dir={directionOf(instance)}
          placeholder={instance.task.isReadOnly ? "" : textOf(instance, "placeholder")}
          value={text}
          disabled={instance.isDisabled}
          onInput={(event) => instance.write(event.currentTarget.value)}
        />
        {canClear ? (
          <button
            type="button"
            class="tb-clear"
            aria-label={instance.task.texts("text.clear")}
            title={instance.task.texts("text.clear")}
            onClick={clear}
          >
            <span aria-hidden="true">×</span>
          </button>
        ) : null}
      </div>
    );
  },
};
