/** Markdown and instructions to clean HTML. Loaded on demand: it is heavier than the page itself. */
import DOMPurify from "dompurify";
import { Marked } from "marked";

export interface MarkdownRenderer {
  renderMarkdown(text: string): string;
  renderInstructions(text: string): string;
}

const escaping = new Marked({
  gfm: true,
  renderer: { html: ({ text }) => escapeHtml(text) },
});
const permitting = new Marked({ gfm: true });

DOMPurify.addHook("afterSanitizeAttributes", (element) => {
  if (element.tagName === "A") {
    element.setAttribute("target", "_blank");
    element.setAttribute("rel", "noopener noreferrer");
  }
  // Without an alt a screen reader spells the address out.
  if (element.tagName === "IMG" && !element.hasAttribute("alt")) element.setAttribute("alt", "");
});

/** GitHub's Markdown; raw HTML in it is shown as text. */
export function renderMarkdown(text: string): string {
  return clean(escaping.parse(text, { async: false }));
}

/** Instructions are HTML or Markdown with HTML in it; what could act is taken out. */
export function renderInstructions(text: string): string {
  const isHtml = text.trimStart().startsWith("<");
  return clean(isHtml ? text : permitting.parse(text, { async: false }));
}

function clean(html: string): string {
  return DOMPurify.sanitize(html, {
    USE_PROFILES: { html: true },
    // The policy of the page forbids inline styles anyway; forms and frames have no place here.
    FORBID_ATTR: ["style"],
    FORBID_TAGS: ["style", "form", "input", "button", "textarea", "select", "dialog"],
    SANITIZE_NAMED_PROPS: true,
  });
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
