// @vitest-environment jsdom
import { expect, test } from "vitest";
import { draw } from "../../testing-dom.tsx";

test("items stand in order, what yields nothing takes no place", () => {
  const text = (content: string) => ({ type: "view.text", content });
  const nothing = { type: "helper.if", condition: false };
  const view = {
    type: "view.list",
    direction: "horizontal",
    size: "s",
    label: "Both",
    items: [text("a"), nothing, text("b")],
  };

  const { find } = draw({ view });

  const list = find(".tb-list-items");
  expect([...list.children].map((child) => child.textContent)).toEqual(["a", "b"]);
  expect({ ...list.dataset }).toEqual({ direction: "horizontal", size: "s" });
  expect(find(".tb-label").textContent).toBe("Both");
});
