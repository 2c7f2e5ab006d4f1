// @vitest-environment jsdom
import { expect, test } from "vitest";
import { output } from "../testing.ts";
import { act, draw } from "../testing-dom.tsx";
import { focusInstance } from "./view.tsx";

test("a component that breaks while it is drawn fails its task with place and cause", () => {
  const config = {
    view: {
      type: "view.list",
      items: [{ type: "view.text", content: { type: "data.input", path: "x" } }],
    },
  };
  const input = {
    x: {
      toJSON: () => {
        throw new Error("no JSON of it");
      },
    },
  };

  const { task } = draw(config, { input });

  expect(task.failure.value?.message).toBe("view.items.0: view.text: no JSON of it");
  expect(task.root.value).toBeUndefined();
});

test("the focus goes to the chosen radio button, else to the first control", () => {
  const options = ["a", "b"].map((value) => ({ label: value, value }));
  const view = { type: "field.radio-group", data: output("x"), options };
  const { task, root } = draw({ view });
  const focused = () =>
    [...root.querySelectorAll("input")].indexOf(document.activeElement as HTMLInputElement);
  const field = task.mounted.value[0];
  if (!field) throw new Error("no field");

  focusInstance(field);
  const before = focused();
  void act(() => field.write("b"));
  focusInstance(field);

  expect([before, focused()]).toEqual([0, 1]);
});

test("what has no control takes the focus itself", () => {
  const { task, find } = draw({ view: { type: "view.text", content: "x" } });
  const [text] = task.mounted.value;

  if (text) focusInstance(text);

  expect(document.activeElement).toBe(find("[data-type='view.text']"));
});
