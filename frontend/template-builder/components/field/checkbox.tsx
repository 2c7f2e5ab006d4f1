import type { ViewDefinition } from "../../language/definitions.ts";
import type { Instance } from "../../language/instance.ts";
import { Hint, KeyBadge } from "../../render/parts.tsx";
import { textOf } from "../../render/reading.ts";
import { controlProps } from "../../render/view.tsx";

/** `true`, or nothing; with `preserveFalse` always `true` or `false`. */
export const fieldCheckbox: ViewDefinition = {
  kind: "field",
  type: "field.checkbox",
  labelInside: true,
  settle(instance) {
    if (instance.read("preserveFalse") === true && instance.value === undefined) {
      instance.write(false);
    }
  },
  render: Checkbox,
};

function Checkbox({ instance }: { instance: Instance }) {
  const { task, reference } = instance;
  const hint = textOf(instance, "hint");
  return (
    <div class="tb-option-cell">
      <label class="tb-option">
        <input
          {...controlProps(instance)}
          type="checkbox"
          checked={Boolean(instance.value)}
          disabled={instance.isDisabled}
          onChange={(event) => instance.write(event.currentTarget.checked || uncheckedOf(instance))}
        />
        <span class="tb-option-label">{textOf(instance, "label")}</span>
        <KeyBadge keyName={task.hotkeyOf({ type: "action.toggle", data: reference })} />
      </label>
      {hint === "" ? null : <Hint text={hint} texts={task.texts} />}
    </div>
  );
}

function uncheckedOf(instance: Instance): false | undefined {
  return instance.read("preserveFalse") === true ? false : undefined;
}
