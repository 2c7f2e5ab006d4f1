// @vitest-environment jsdom
import { describe, expect, test } from "vitest";
import { isKey, isQuestionMark, isTyping, type KeyPress, nameKey } from "./keys.ts";

const press = (key: string, code: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  code,
  ctrlKey: false,
  shiftKey: false,
  altKey: false,
  metaKey: false,
  ...more,
});

describe("keys", () => {
  test.each([
    [press("q", "KeyQ"), "q"],
    [press("й", "KeyQ"), "q"],
    [press("Q", "KeyQ"), "q"],
    [press("a", "KeyQ"), "a"],
    [press("1", "Digit1"), "1"],
    [press("&", "Digit1"), "1"],
    [press("7", "Numpad7"), "7"],
    [press("ArrowUp", "ArrowUp"), "up"],
    [press(" ", "Space"), "space"],
    [press("Enter", "NumpadEnter"), "enter"],
  ])("%j is called %s", (event, name) => {
    expect(nameKey(event)).toBe(name);
  });

  test("modifiers must be just those that are named", () => {
    expect(isKey(press("X", "KeyX", { shiftKey: true }), "shift+x")).toBe(true);
    expect(isKey(press("X", "KeyX", { shiftKey: true }), "x")).toBe(false);
    expect(isKey(press("x", "KeyX"), "shift+x")).toBe(false);
    expect(isKey(press("c", "KeyC", { ctrlKey: true }), "c")).toBe(false);
    expect(isKey(press("Enter", "Enter", { ctrlKey: true }), "ctrl+enter")).toBe(true);
  });

  test("the question mark is found in a Russian layout too", () => {
    expect(isQuestionMark(press("?", "Slash", { shiftKey: true }))).toBe(true);
    expect(isQuestionMark(press(",", "Slash", { shiftKey: true }))).toBe(true);
    expect(isQuestionMark(press("?", "Digit7", { shiftKey: true }))).toBe(true);
    expect(isQuestionMark(press("/", "Slash"))).toBe(false);
  });

  test.each([
    ['<input type="text">', true],
    ["<textarea></textarea>", true],
    ["<select></select>", true],
    ['<input type="radio">', false],
    ['<input type="checkbox">', false],
    ["<button></button>", false],
  ])("%s takes text: %s", (html, expected) => {
    const holder = document.createElement("div");
    holder.innerHTML = html;

    expect(isTyping(holder.firstElementChild)).toBe(expected);
  });
});
