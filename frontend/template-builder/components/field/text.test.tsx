// @vitest-environment jsdom
import { expect, test } from "vitest";
import { output } from "../../testing.ts";
import { act, draw, type } from "../../testing-dom.tsx";

const view = {
  type: "field.text",
  label: "Name",
  requiredMark: true,
  placeholder: "Here",
  data: output("name"),
  validation: { type: "condition.required", hint: "Write it" },
};

test("what is typed is written as typed, an emptied field is absent", () => {
  const { task, find } = draw({ view });
  const input = find<HTMLInputElement>("input");

  type(input, " Ann ");
  const typed = task.output.value.value;
  type(input, "");

  expect(typed).toEqual({ name: " Ann " });
  expect(task.output.value.value).toEqual({});
});

test("label, mark and error belong to the input", () => {
  const { task, find } = draw({ view });

  void act(() => {
    task.reveal();
  });

  const input = find<HTMLInputElement>("input");
  expect(find("label").getAttribute("for")).toBe(input.id);
  expect(find(".tb-mark").textContent).toBe("*");
  expect(input.getAttribute("aria-invalid")).toBe("true");
  expect(find(`[id="${input.getAttribute("aria-describedby")}"]`).textContent).toBe("Write it");
});

test("read-only hides the placeholder and disables", () => {
  const { find } = draw({ view }, { isReadOnly: true, output: { name: "Ann" } });

  const input = find<HTMLInputElement>("input");
  expect([input.value, input.placeholder, input.disabled]).toEqual(["Ann", "", true]);
});
