// @vitest-environment jsdom
import { expect, test } from "vitest";
import { output } from "../../testing.ts";
import { draw, press, type } from "../../testing-dom.tsx";

test("a text of several lines can be cleared by a button, which then goes", () => {
  const { task, root, find } = draw({
    view: { type: "field.textarea", data: output("a"), rows: 2, resizable: false },
  });

  type(find<HTMLTextAreaElement>("textarea"), "one\ntwo");
  const typed = task.output.value.value;
  press(find("button"));

  expect(typed).toEqual({ a: "one\ntwo" });
  expect(task.output.value.value).toEqual({});
  expect(root.querySelector("button")).toBeNull();
  expect(find<HTMLTextAreaElement>("textarea").rows).toBe(2);
  expect(find("textarea").style.resize).toBe("none");
});
