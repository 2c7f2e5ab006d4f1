import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { focusInstance } from "../template-builder/render/view.tsx";
import { ActionBar } from "./action-bar.tsx";
import { FinishDialog, InstructionsDialog, KeysDialog, SkipDialog } from "./dialogs.tsx";
import { Ended, Taken, Waiting } from "./endings.tsx";
import { Header } from "./header.tsx";
import { Notices } from "./notices.tsx";
import type { Page } from "./page.ts";
import { TaskList, taskElementId } from "./task-list.tsx";

export type DialogName = "instructions" | "keys" | "skip" | "finish";

const openedDialog = signal<DialogName | undefined>(undefined);

export function openDialog(name: DialogName): void {
  openedDialog.value = name;
}

export function closeDialog(): void {
  openedDialog.value = undefined;
}

/** The whole page: a header, what there is to do, and the buttons, always in their places. */
export function PageView({ page }: { page: Page }) {
  return (
    <>
      <Header page={page} onInstructions={() => openDialog("instructions")} />
      <main class="page-main" id="main">
        {page.isPreview ? <p class="preview-note">{page.say("preview.note")}</p> : null}
        <Notices page={page} />
        <Content page={page} />
      </main>
      <ActionBar
        page={page}
        onSkip={() => openDialog("skip")}
        onFinish={() => (page.work.value ? openDialog("finish") : void page.finish())}
        onKeys={() => openDialog("keys")}
      />
      <div class="visually-hidden" role="status" aria-live="polite">
        {page.announcement.value}
      </div>
      <Dialogs page={page} />
      <FocusKeeper page={page} />
    </>
  );
}

function Content({ page }: { page: Page }) {
  const phase = page.phase.value;
  switch (phase.kind) {
    case "working":
      return <TaskList page={page} />;
    case "waiting":
      return <Waiting page={page} reason={phase.reason} />;
    case "ended":
      return <Ended page={page} reason={phase.reason} isFinished={phase.isFinished} />;
    case "taken":
      return <Taken page={page} />;
  }
}

function Dialogs({ page }: { page: Page }) {
  switch (openedDialog.value) {
    case "instructions":
      return <InstructionsDialog page={page} onClose={closeDialog} />;
    case "keys":
      return <KeysDialog page={page} onClose={closeDialog} />;
    case "skip":
      return <SkipDialog page={page} onClose={closeDialog} />;
    case "finish":
      return <FinishDialog page={page} onClose={closeDialog} />;
    default:
      return null;
  }
}

/** Moves the focus once what it goes to has been drawn. */
function FocusKeeper({ page }: { page: Page }) {
  const target = page.focus.value;
  useEffect(() => {
    if (!target) return;
    page.focus.value = undefined;
    if (target.kind === "instance") focusInstance(target.instance);
    else {
      const element = document.getElementById(taskElementId(target.index));
      element?.focus({ preventScroll: true });
      if (target.index === 0) scrollTo({ top: 0 });
      else element?.scrollIntoView({ block: "nearest" });
      element?.querySelector(".notice-hint")?.scrollIntoView({ block: "nearest" });
    }
  }, [target, page]);
  return null;
}
