// @vitest-environment jsdom
import { expect, test } from "vitest";
import { output } from "../../testing.ts";
import { draw, press } from "../../testing-dom.tsx";

test.each([
  [false, {}, { a: true }, {}],
  [true, { a: false }, { a: true }, { a: false }],
])("with preserveFalse %s: at first, checked, unchecked", (preserveFalse, first, on, off) => {
  const view = { type: "field.checkbox", label: "Sure", data: output("a"), preserveFalse };
  const { task, find } = draw({ view });
  const seen = [task.output.value.value];

  for (let presses = 0; presses < 2; presses += 1) {
    press(find("input"));
    seen.push(task.output.value.value);
  }

  expect(seen).toEqual([first, on, off]);
  expect(find("label").textContent).toBe("Sure");
});
