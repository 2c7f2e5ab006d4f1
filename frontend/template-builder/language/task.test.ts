import { effect } from "@preact/signals-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fieldOf, openTask, output } from "../testing.ts";

const hidden = (index: number) => ({
  type: "helper.if",
  condition: { type: "condition.equals", data: output(`show${index}`), to: "y" },
  // biome-ignore lint/suspicious/noThenProperty: the property is so named in the language
  then: { type: "field.text", data: output(`v${index}`) },
});

const FIELDS = [0, 1, 2];
const config = {
  view: {
    type: "view.list",
    items: FIELDS.flatMap((index) => [
      { type: "field.text", data: output(`show${index}`) },
      hidden(index),
    ]),
  },
};

describe("hidden fields", () => {
  test("whatever is shown, hidden and written, the output holds what is shown and no more", () => {
    const step = fc.record({
      index: fc.constantFrom(...FIELDS),
      what: fc.constantFrom("show", "hide", "write"),
      text: fc.string({ minLength: 1, maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const task = openTask(config);
        const shown = new Set<number>();
        const values = new Map<number, string>();
        for (const { index, what, text } of steps) {
          if (what === "show") {
            fieldOf(task, `show${index}`).write("y");
            shown.add(index);
          } else if (what === "hide") {
            fieldOf(task, `show${index}`).write("");
            shown.delete(index);
          } else if (shown.has(index)) {
            fieldOf(task, `v${index}`).write(text);
            values.set(index, text);
          }
          const expected: Record<string, string> = {};
          for (const one of shown) {
            expected[`show${one}`] = "y";
            const value = values.get(one);
            if (value !== undefined) expected[`v${one}`] = value;
          }
          expect(task.output.value.value).toEqual(expected);
        }
        task.dispose();
      }),
    );
  });
});

describe("a task", () => {
  test("typing in one field wakes only what depends on it", () => {
    const items = Array.from({ length: 200 }, (_, index) => ({
      type: "field.text",
      data: output(`f${index}`),
      validation: { type: "condition.required" },
    }));
    const task = openTask({ view: { type: "view.list", items } });
    let runs = 0;
    const stops = task.mounted.value
      .filter((instance) => instance.isField)
      .map((instance) =>
        effect(() => {
          instance.value;
          instance.isValid;
          runs += 1;
        }),
      );
    runs = 0;

    fieldOf(task, "f7").write("x");

    expect(runs).toBe(1);
    for (const stop of stops) stop();
  });

  test("stays the same instance while its helper chooses anew", () => {
    const task = openTask({
      view: {
        type: "view.list",
        items: [{ type: "field.text", data: output("a") }, hidden(0)],
      },
      plugins: [],
    });
    const before = fieldOf(task, "a");

    task.write(before.reference, "x");

    expect(fieldOf(task, "a")).toBe(before);
  });

  test("writes nothing where it is read-only", () => {
    const task = openTask(
      { view: { type: "field.text", data: output("a", { default: "d" }) } },
      { isReadOnly: true, output: { b: 1 } },
    );

    fieldOf(task, "a").write("x");

    expect(task.output.value.value).toEqual({ b: 1 });
    expect(fieldOf(task, "a").isDisabled).toBe(true);
  });

  test("errors of the server stand at their field until it is changed", () => {
    const task = openTask({ view: { type: "field.text", data: output("a.b") } });
    fieldOf(task, "a.b").write("x");

    task.setServerErrors(
      new Map([
        ["a", "not like this"],
        ["z", "no field"],
      ]),
    );

    expect(task.isValid).toBe(false);
    expect(task.errors.map(({ path, messages }) => [path, messages])).toEqual([
      ["a.b", ["not like this"]],
    ]);
    expect(task.looseServerErrors).toEqual(["no field"]);
    fieldOf(task, "a.b").write("y");
    expect(task.isValid).toBe(true);
  });

  test("a cycle of its own making fails the task, not the page", () => {
    const flip = (to: string, path: string) => ({
      type: "helper.if",
      condition: { type: "condition.required", data: output(to) },
      // biome-ignore lint/suspicious/noThenProperty: the property is so named in the language
      then: { type: "view.text", content: "x" },
      else: { type: "field.text", data: output(path, { default: "d" }) },
    });

    const task = openTask({ view: { type: "view.list", items: [flip("a", "a")] } });

    expect(task.failure.value?.message).toMatch(/cycle/i);
    expect(task.isValid).toBe(false);
  });
});
