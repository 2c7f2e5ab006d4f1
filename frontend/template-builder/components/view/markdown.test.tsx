// @vitest-environment jsdom
import { expect, test } from "vitest";
import { draw } from "../../testing-dom.tsx";
import { viewMarkdown } from "./markdown.tsx";

test("the source stands until the chunk is there, then the text is drawn", async () => {
  const config = { view: { type: "view.markdown", content: "**bold**" } };
  const before = draw(config).root.textContent;

  await viewMarkdown.prepare?.();

  const { find } = draw(config);
  expect(before).toBe("**bold**");
  expect(find("strong").textContent).toBe("bold");
});
