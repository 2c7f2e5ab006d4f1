// @vitest-environment jsdom
import { expect, test } from "vitest";
import { draw } from "../../testing-dom.tsx";

test.each([
  ["line\nline", "line\nline"],
  ["<b>bold</b>", "<b>bold</b>"],
  [{ a: 1 }, '{"a":1}'],
  [0, "0"],
  [undefined, ""],
])("%j is shown as text", (content, shown) => {
  const { find } = draw({ view: { type: "view.text", content } });

  expect(find(".tb-plain").textContent).toBe(shown);
});

test("content follows the data it names", () => {
  const content = { type: "data.input", path: "x" };

  const { find } = draw({ view: { type: "view.text", content } }, { input: { x: "given" } });

  expect(find(".tb-plain").textContent).toBe("given");
});
