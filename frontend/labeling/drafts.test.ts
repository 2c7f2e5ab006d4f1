// @vitest-environment jsdom
import { beforeEach, expect, test, vi } from "vitest";
import { openDrafts, removeOldDrafts } from "./drafts.ts";

const draft = { output: { a: "x" }, internal: {}, touched: ["a"] };

beforeEach(() => localStorage.clear());

test("a draft is there after the page was loaded again, for its page alone", () => {
  openDrafts("s", "one").write({ task: draft });

  expect(openDrafts("s", "one").read("task")).toEqual(draft);
  expect(openDrafts("s", "two").read("task")).toBeUndefined();
  expect(openDrafts("t", "one").read("task")).toBeUndefined();
});

test("what was sent is removed", () => {
  const drafts = openDrafts("s", "one");
  drafts.write({ task: draft });

  drafts.remove();

  expect(localStorage.length).toBe(0);
});

test.each(["", "no JSON", "[]", '{"savedAt":1,"tasks":{"task":{"output":7}}}'])(
  "%j in the storage is no draft",
  (text) => {
    localStorage.setItem("draft:s:one", text);

    expect(openDrafts("s", "one").read("task")).toBeUndefined();
  },
);

test("a browser that keeps nothing is told of, not tripped over", () => {
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("full", "QuotaExceededError");
  });

  expect(openDrafts("s", "one").write({ task: draft })).toBe(false);
});

test("drafts of a week ago are removed, others of this site are left alone", () => {
  openDrafts("s", "new").write({ task: draft });
  localStorage.setItem("draft:s:old", JSON.stringify({ savedAt: 0, tasks: {} }));
  localStorage.setItem("other", "kept");

  removeOldDrafts(Date.now());

  expect(Object.keys(localStorage).sort()).toEqual(["draft:s:new", "other"]);
});
