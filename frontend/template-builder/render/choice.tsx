import { deepEqual } from "../language/equality.ts";
import type { Instance } from "../language/instance.ts";
import { Hint, KeyBadge } from "./parts.tsx";
import { type Option, optionsOf } from "./reading.ts";

/** Up to this many letters a label fits two to a row on a narrow phone. */
const SHORT_LABEL = 14;
const MANY_OPTIONS = 6;

/** One of several values by native radio buttons, which bring the arrow keys with them. */
export function Choice({ instance, look }: { instance: Instance; look: "rows" | "buttons" }) {
  const options = optionsOf(instance);
  const isDense =
    options.length >= MANY_OPTIONS && options.every(({ label }) => label.length <= SHORT_LABEL);
  return (
    <div class={`tb-choice tb-choice-${look}`} data-dense={isDense ? "" : undefined}>
      {options.map((option, index) => (
        <ChoiceOption
          key={JSON.stringify(option.value)}
          instance={instance}
          option={option}
          // The first one carries the field's own id, so that a label and an error reach it.
          id={index === 0 ? instance.id : `${instance.id}-${index}`}
        />
      ))}
    </div>
  );
}

interface ChoiceOptionProps {
  instance: Instance;
  option: Option;
  id: string;
}

function ChoiceOption({ instance, option, id }: ChoiceOptionProps) {
  const { task, reference } = instance;
  const keyName = task.hotkeyOf({ type: "action.set", data: reference, payload: option.value });
  return (
    <div class="tb-option-cell">
      <label class="tb-option">
        <input
          type="radio"
          id={id}
          name={instance.id}
          checked={deepEqual(instance.value, option.value)}
          disabled={instance.isDisabled}
          onChange={() => instance.write(option.value)}
        />
        <span class="tb-option-label">{option.label}</span>
        <KeyBadge keyName={keyName} />
      </label>
      {option.hint === "" ? null : <Hint text={option.hint} texts={task.texts} />}
    </div>
  );
}
