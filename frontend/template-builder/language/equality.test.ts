import fc from "fast-check";
import { expect, test } from "vitest";
import { deepEqual } from "./equality.ts";

test("a JSON value equals its copy", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(deepEqual(value, JSON.parse(JSON.stringify(value)))).toBe(true);
    }),
  );
});

test("values whose JSON differs whatever the order of keys are not equal", () => {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== "object" || value === null) return value;
    return Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, child]) => [key, sorted(child)]);
  };
  const tag = (value: unknown) => JSON.stringify([Array.isArray(value), sorted(value)]);
  // Named keys only: with them a sorted list of pairs is never the text of an array of JSON.
  const json = fc.dictionary(fc.constantFrom("a", "b"), fc.jsonValue({ maxDepth: 1 }));
  fc.assert(
    fc.property(json, json, (left, right) => {
      if (deepEqual(left, right)) expect(tag(left)).toBe(tag(right));
    }),
  );
});

test.each([
  ["1", 1],
  [null, undefined],
  [[], {}],
  [{ a: undefined }, { b: undefined }],
  [[1, 2], [1]],
  [new Date(0), new Date(0)],
])("%j is not %j", (left, right) => {
  expect(deepEqual(left, right)).toBe(false);
});

test("0 is -0, as in JSON", () => {
  expect(deepEqual(0, -0)).toBe(true);
});
