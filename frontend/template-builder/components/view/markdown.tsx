import { signal } from "@preact/signals";
import type { ViewDefinition } from "../../language/definitions.ts";
import type { MarkdownRenderer } from "../../markdown/markdown.ts";
import { textOf } from "../../render/reading.ts";

const renderer = signal<MarkdownRenderer | undefined>(undefined);

async function loadRenderer(): Promise<void> {
  renderer.value ??= await import("../../markdown/markdown.ts");
}

/** GitHub's Markdown; raw HTML is shown as text. Until its chunk is there, the source is shown. */
export const viewMarkdown: ViewDefinition = {
  kind: "view",
  type: "view.markdown",
  prepare: loadRenderer,
  render: ({ instance }) => {
    const content = textOf(instance, "content");
    if (!renderer.value) return <div class="tb-plain">{content}</div>;
    const html = renderer.value.renderMarkdown(content);
    // Cleaned by DOMPurify in markdown.ts.
    return <div class="tb-rich" dangerouslySetInnerHTML={{ __html: html }} />;
  },
};
