/** What the browser tells: keys, the state of the tab, the passing of time. */
import { performAction } from "../template-builder/language/actions.ts";
import { isKey, isQuestionMark, isTyping } from "./keys.ts";
import type { Page } from "./page.ts";
import { openDialog } from "./page-view.tsx";
import type { TelemetryRecorder } from "./telemetry.ts";

const HEARTBEAT_MS = 30_000;

export function listen(page: Page, telemetry: TelemetryRecorder): void {
  const currentId = () => page.work.peek()?.tasks[page.current.peek()]?.id;
  document.addEventListener("keydown", (event) => {
    telemetry.countInput("keyboard");
    pressKey(page, event);
  });
  document.addEventListener("pointerdown", (event) => telemetry.countInput(event.pointerType));
  const noteSomeone = () => telemetry.countPresence();
  document.addEventListener("pointermove", noteSomeone, { passive: true });
  document.addEventListener("scroll", noteSomeone, { passive: true, capture: true });
  document.addEventListener("paste", () => telemetry.countPaste(currentId()));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") {
      telemetry.countFocusLoss();
      page.work.peek()?.save();
    } else {
      page.tick();
      void page.heartbeat();
    }
  });
  addEventListener("pagehide", () => page.work.peek()?.save());
  // Back from the browser's own cache the page may be one that was sent long ago.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  setInterval(() => page.tick(), 1000);
  setInterval(() => void page.heartbeat(), HEARTBEAT_MS);
}

export function pressKey(page: Page, event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  if (isKey(event, "ctrl+enter") || isKey(event, "meta+enter")) {
    event.preventDefault();
    void page.submit();
  } else if (isKey(event, "alt+up") || isKey(event, "alt+down")) {
    event.preventDefault();
    page.moveTo(page.current.peek() + (isKey(event, "alt+up") ? -1 : 1));
  } else if (!event.repeat && page.busy.peek() === "idle") {
    pressTemplateKey(page, event);
  }
}

function pressTemplateKey(page: Page, event: KeyboardEvent): void {
  const typing = isTyping(event.target);
  const task = page.work.peek()?.tasks[page.current.peek()]?.task;
  const hotkeys = (task?.hotkeys.peek() ?? []).filter(
    (hotkey) => (!typing || hotkey.worksInInputs) && isKey(event, hotkey.key),
  );
  if (hotkeys.length > 0) event.preventDefault();
  for (const hotkey of hotkeys) performAction(hotkey.action());
  if (hotkeys.length === 0 && !typing && isQuestionMark(event)) {
    event.preventDefault();
    openDialog("keys");
  }
}
