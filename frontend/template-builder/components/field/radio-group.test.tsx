// @vitest-environment jsdom
import { expect, test } from "vitest";
import { output } from "../../testing.ts";
import { act, draw, press } from "../../testing-dom.tsx";

const data = output("a");
const options = [
  { label: "Yes", value: "yes" },
  null,
  { label: "No", value: { no: 1 }, hint: "Really" },
];
const field = { type: "field.radio-group", label: "Is it?", data, options };

test("a press chooses the value, an option that yields nothing is dropped", () => {
  const { task, root } = draw({ view: field });
  const radios = [...root.querySelectorAll("input")];

  if (radios[1]) press(radios[1]);

  expect(radios.length).toBe(2);
  expect(task.output.value.value).toEqual({ a: { no: 1 } });
  expect(radios.map((radio) => radio.checked)).toEqual([false, true]);
});

test("the group is a fieldset with a legend, its error is tied to it", () => {
  const validation = { type: "condition.required" };
  const { task, find } = draw({ view: { ...field, validation } });

  void act(() => {
    task.reveal();
  });

  expect(find("fieldset > legend").textContent).toBe("Is it?");
  const describedBy = find("fieldset").getAttribute("aria-describedby");
  expect(find(`[id="${describedBy}"]`).textContent).toBe("must be filled in");
});

test("an option shows the key that does the same, by type and value", () => {
  const set = (payload: unknown) => ({ type: "action.set", data, payload });
  const plugins = [{ type: "plugin.hotkeys", "1": set("yes"), "2": set("no") }];

  const { root } = draw({ view: field, plugins });

  expect([...root.querySelectorAll(".tb-key")].map((key) => key.textContent)).toEqual(["1"]);
});

test("disabled takes no press", () => {
  const { root } = draw({ view: { ...field, disabled: true } });

  expect([...root.querySelectorAll("input")].every((radio) => radio.disabled)).toBe(true);
});
