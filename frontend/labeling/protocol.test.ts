import { describe, expect, test } from "vitest";
import {
  readConfig,
  readFieldErrors,
  readPageState,
  readProgress,
  readReason,
  readSettings,
} from "./protocol.ts";

describe("protocol", () => {
  test("errors of a 422 are sorted by task and path", () => {
    const errors = readFieldErrors({
      "t1.a": { code: "X", message: "wrong" },
      "t1.b.c": ["one", { message: "two" }],
      t2: "all of it",
    });

    expect([...errors].map(([id, paths]) => [id, [...paths]])).toEqual([
      [
        "t1",
        [
          ["a", "wrong"],
          ["b.c", "one\ntwo"],
        ],
      ],
      ["t2", [["", "all of it"]]],
    ]);
  });

  test("a reason is an object or its code", () => {
    expect(readReason("closed")).toEqual({ code: "closed", message: "" });
    expect(readReason({ code: "none_free_now", message: "m", retry_after_s: 5, other: 1 })).toEqual(
      {
        code: "none_free_now",
        message: "m",
        retry_after_s: 5,
      },
    );
    expect(readReason(undefined)).toBeUndefined();
    expect(readReason({ message: "m" })).toBeUndefined();
  });

  test("a page that is over and a page that is not mentioned are told apart", () => {
    expect(readProgress({ assignment: null })).toEqual({ assignment: null });
    expect(readProgress({})).toEqual({});
  });

  test("a config is JSON text or the object itself", () => {
    const config = { view: { type: "view.text" } };

    expect(readConfig({ type: "tb", config: JSON.stringify(config) })).toEqual(config);
    expect(readConfig({ type: "tb", config })).toEqual(config);
    expect(readConfig(config)).toEqual(config);
  });

  test("everything is shown unless the project says no", () => {
    const all = readSettings({ config: "{}" });
    const some = readSettings({ config: "{}", settings: { showSkip: false, showTimer: true } });

    expect(Object.values(all).every(Boolean)).toBe(true);
    expect(some).toEqual({ ...all, showSkip: false });
  });

  test.each([null, {}, { session: {}, project: {} }])("%j is no state of a page", (state) => {
    expect(() => readPageState(state)).toThrow(/^state/);
  });
});
