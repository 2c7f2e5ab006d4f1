import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deepEqual } from "./equality.ts";
import { getByPath, isInside, joinPath, setByPath } from "./paths.ts";

const key = fc.oneof(
  fc.constantFrom("a", "b", "c", "__proto__", "length", "constructor"),
  fc.nat(3).map(String),
);
const path = fc.array(key, { minLength: 1, maxLength: 4 }).map((keys) => keys.join("."));
const value = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.integer(), { maxLength: 3 }),
);
const writes = fc.array(fc.tuple(path, value), { maxLength: 6 });

function build(steps: readonly (readonly [string, unknown])[]): unknown {
  return steps.reduce((root, [at, what]) => setByPath(root, at, what), {} as unknown);
}

describe("paths", () => {
  test("what is written is read", () => {
    fc.assert(
      fc.property(writes, path, value, (steps, at, what) => {
        const root = setByPath(build(steps), at, what);
        expect(getByPath(root, at)).toEqual(what);
      }),
    );
  });

  test("writing leaves the old root as it was", () => {
    fc.assert(
      fc.property(writes, path, fc.option(value, { nil: undefined }), (steps, at, what) => {
        const root = build(steps);
        const before = structuredClone(root);
        setByPath(root, at, what);
        expect(deepEqual(root, before)).toBe(true);
      }),
    );
  });

  test("what was cleared is not there, and clearing again changes nothing", () => {
    fc.assert(
      fc.property(writes, path, (steps, at) => {
        const cleared = setByPath(build(steps), at, undefined);
        expect(getByPath(cleared, at, "fallback")).toBe("fallback");
        expect(setByPath(cleared, at, undefined)).toBe(cleared);
      }),
    );
  });

  test("clearing what was written into a fresh object gives the empty object back", () => {
    const named = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(named, value, (keys, what) => {
        const at = keys.join(".");
        expect(setByPath(setByPath({}, at, what), at, undefined)).toEqual({});
      }),
    );
  });

  test("parts beside the path keep their identity", () => {
    const root = { a: { x: 1 }, b: { y: 2 } };

    const written = setByPath(root, "a.x", 3) as typeof root;

    expect(written.b).toBe(root.b);
    expect(written).toEqual({ a: { x: 3 }, b: { y: 2 } });
  });

  test("the prototype is never written", () => {
    setByPath({}, "__proto__.polluted", "yes");

    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test("an empty path writes nothing", () => {
    const root = { a: 1 };

    expect(setByPath(root, "", 5)).toBe(root);
  });

  test("inside means the place itself or below, not a longer name", () => {
    expect(isInside("a.b", "a")).toBe(true);
    expect(isInside("a", "a")).toBe(true);
    expect(isInside("ab", "a")).toBe(false);
    expect(isInside("a", "")).toBe(true);
    expect(joinPath("", "a")).toBe("a");
    expect(joinPath("a", "")).toBe("a");
    expect(joinPath("a", "b")).toBe("a.b");
  });
});
