// @vitest-environment jsdom
import { describe, expect, test } from "vitest";
import { renderInstructions, renderMarkdown } from "./markdown.ts";

describe("markdown", () => {
  test.each([
    ["# Head", "<h1>Head</h1>"],
    ["~~gone~~", "<p><del>gone</del></p>"],
    ["a <b>c</b>", "<p>a &lt;b&gt;c&lt;/b&gt;</p>"],
  ])("%s", (source, html) => {
    expect(renderMarkdown(source).trim()).toBe(html);
  });

  test("a table is a table", () => {
    expect(renderMarkdown("| a |\n|---|\n| 1 |")).toContain("<td>1</td>");
  });

  test("links open in a new tab and tell it nothing", () => {
    const html = renderMarkdown("[there](https://example.com)");

    expect(html).toContain('target="_blank"');
    expect(html).toContain('rel="noopener noreferrer"');
  });

  test.each([
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](javascript:alert(1))",
    "<svg onload=alert(1)>",
  ])("%s runs nothing", (source) => {
    const holder = document.createElement("div");

    holder.innerHTML = renderMarkdown(source);

    expect(dangersIn(holder)).toEqual([]);
  });
});

describe("instructions", () => {
  test("HTML and Markdown are both read", () => {
    expect(renderInstructions("<p>One <b>two</b></p>")).toBe("<p>One <b>two</b></p>");
    expect(renderInstructions("One <b>two</b> **three**").trim()).toBe(
      "<p>One <b>two</b> <strong>three</strong></p>",
    );
  });

  test.each([
    '<p onclick="alert(1)">x</p>',
    "<script>alert(1)</script>",
    '<a href="javascript:alert(1)">x</a>',
    '<iframe src="https://example.com"></iframe>',
    '<form action="/"><input></form>',
    '<p style="position:fixed">x</p>',
  ])("%s cannot act", (source) => {
    const holder = document.createElement("div");

    holder.innerHTML = renderInstructions(source);

    expect(dangersIn(holder)).toEqual([]);
  });

  test("a picture without a text gets an empty one", () => {
    expect(renderInstructions('<img src="https://example.com/a.png">')).toContain('alt=""');
  });
});

function dangersIn(holder: HTMLElement): string[] {
  const dangerous = holder.querySelectorAll("script, iframe, form, input, svg, style, object");
  const found = [...dangerous].map((element) => element.tagName);
  for (const element of holder.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      if (name.startsWith("on") || name === "style" || /^\s*javascript:/i.test(value)) {
        found.push(`${name}=${value}`);
      }
    }
  }
  return found;
}
