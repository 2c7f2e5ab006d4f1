import { effect } from "@preact/signals";
import { mediaUrlOf } from "../template-builder/render/reading.ts";
import type { Page } from "./page.ts";
import type { WorkTask } from "./work.ts";

/** Fetches the pictures of later tasks while the first is worked on. */
export function prefetchPictures(page: Page): () => void {
  return effect(() => {
    const later = page.work.value?.tasks.slice(1) ?? [];
    whenIdle(() => {
      for (const url of new Set(later.flatMap(picturesOf))) new Image().src = url;
    });
  });
}

function picturesOf({ task }: WorkTask): string[] {
  return task.mounted
    .peek()
    .filter((instance) => instance.component.type === "view.image")
    .map((instance) => mediaUrlOf(instance, "url"))
    .filter((url) => url !== undefined);
}

function whenIdle(run: () => void): void {
  // Safari has no requestIdleCallback.
  if ("requestIdleCallback" in window) requestIdleCallback(run, { timeout: 2000 });
  else setTimeout(run, 300);
}
