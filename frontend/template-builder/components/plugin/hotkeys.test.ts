import { expect, test } from "vitest";
import { performAction } from "../../language/actions.ts";
import { openTask, output } from "../../testing.ts";

const set = (payload: unknown) => ({ type: "action.set", data: output("a"), payload });

test("every property but its own is a key, its action runs when it is asked for", () => {
  const task = openTask({
    view: { type: "field.text", data: output("a") },
    plugins: [{ type: "plugin.hotkeys", "1": set("one"), q: set({ $empty: true }) }],
  });

  const [first, second] = task.hotkeys.value;
  performAction(first?.action());
  const afterFirst = task.output.value.value;
  performAction(second?.action());

  expect(task.hotkeys.value.map(({ key, worksInInputs }) => [key, worksInInputs])).toEqual([
    ["1", false],
    ["q", false],
  ]);
  expect(afterFirst).toEqual({ a: "one" });
  expect(task.output.value.value).toEqual({});
});

test("several plugins of the kind all act", () => {
  const task = openTask({
    view: { type: "field.text", data: output("a") },
    plugins: [
      { type: "plugin.hotkeys", "1": set("one") },
      { type: "plugin.hotkeys", "2": set("two"), allowHotkeysInInputs: true },
    ],
  });

  expect(task.hotkeys.value.map(({ key, worksInInputs }) => [key, worksInInputs])).toEqual([
    ["1", false],
    ["2", true],
  ]);
  expect(
    task.hotkeyOf({ type: "action.set", data: task.mounted.value[0]?.reference, payload: "two" }),
  ).toBe("2");
});
