/** The labeling page without its looks: what is open, what may be done, and what came of it. */
import type { Page, PageParts } from "./page-model.ts";
import { createModel } from "./page-model.ts";
import { createPolling } from "./polling.ts";
import { createSubmitting } from "./submitting.ts";

export type { Busy, FocusTarget, Notice, Page, PageParts, Phase } from "./page-model.ts";

export function createPage(parts: PageParts): Page {
  const model = createModel(parts);
  const submitting = createSubmitting(parts, model);
  const polling = createPolling(parts, model, submitting);
  model.show(parts.state);
  return { ...model, ...submitting, ...polling };
}
