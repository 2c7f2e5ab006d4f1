// @vitest-environment jsdom
import { expect, test } from "vitest";
import { output } from "../../testing.ts";
import { draw, press } from "../../testing-dom.tsx";

test("buttons are native radio buttons of one name; the choice can be changed", () => {
  const options = [0, 1, 2].map((value) => ({ label: String(value), value }));
  const view = {
    type: "field.button-radio-group",
    data: output("digit"),
    options,
    rtl: { mode: "rtl" },
  };
  const { task, root, find } = draw({ view });
  const radios = [...root.querySelectorAll("input")];

  for (const radio of radios.slice(1)) press(radio);

  expect(task.output.value.value).toEqual({ digit: 2 });
  expect(new Set(radios.map(({ name, type }) => name + type)).size).toBe(1);
  expect(find("[dir]").dir).toBe("rtl");
});
