import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { showKey } from "../template-builder/render/parts.tsx";
import type { Page } from "./page.ts";

interface DialogProps {
  page: Page;
  onClose: () => void;
}

/** A modal dialog of the browser's own: Escape closes it, the focus goes in and comes back. */
function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog ref={element} class="dialog" aria-labelledby="dialog-title" onClose={onClose}>
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

export function SkipDialog({ page, onClose }: DialogProps) {
  const { say } = page;
  const reason = useSignal("");
  const confirm = () => {
    onClose();
    void page.skip(reason.value);
  };
  return (
    <Dialog title={say("skip.title")} onClose={onClose}>
      <p>{say("skip.text")}</p>
      <label class="dialog-field">
        {say("skip.reason")}
        <textarea
          class="tb-input"
          rows={2}
          maxLength={500}
          value={reason.value}
          onInput={(event) => {
            reason.value = event.currentTarget.value;
          }}
        />
      </label>
      <DialogButtons>
        <button type="button" class="button" onClick={onClose}>
          {say("action.cancel")}
        </button>
        <button type="button" class="button button-main" data-testid="confirm" onClick={confirm}>
          {say("skip.confirm")}
        </button>
      </DialogButtons>
    </Dialog>
  );
}

export function FinishDialog({ page, onClose }: DialogProps) {
  const { say } = page;
  const confirm = () => {
    onClose();
    void page.finish();
  };
  return (
    <Dialog title={say("finish.title")} onClose={onClose}>
      <p>{say("finish.text")}</p>
      <DialogButtons>
        <button type="button" class="button" onClick={onClose}>
          {say("action.cancel")}
        </button>
        <button type="button" class="button button-main" data-testid="confirm" onClick={confirm}>
          {say("finish.confirm")}
        </button>
      </DialogButtons>
    </Dialog>
  );
}

export function InstructionsDialog({ page, onClose }: DialogProps) {
  const { say, project } = page;
  const html = useSignal<string | undefined>(undefined);
  const hasFailed = useSignal(false);
  useEffect(() => {
    void loadInstructions(project.instructions, html, hasFailed);
  }, [project.instructions, html, hasFailed]);
  return (
    <Dialog title={say("instructions.title")} onClose={onClose}>
      {project.instructions.trim() === "" ? <p>{say("instructions.none")}</p> : null}
      {hasFailed.value ? <p>{say("instructions.failed")}</p> : null}
      {html.value === undefined && !hasFailed.value ? <p>{say("instructions.loading")}</p> : null}
      {/* Cleaned by DOMPurify in markdown.ts. */}
      <div class="tb-rich dialog-text" dangerouslySetInnerHTML={{ __html: html.value ?? "" }} />
      <DialogButtons>
        <button type="button" class="button button-main" onClick={onClose}>
          {say("action.close")}
        </button>
      </DialogButtons>
    </Dialog>
  );
}

async function loadInstructions(
  text: string,
  html: Signal<string | undefined>,
  hasFailed: Signal<boolean>,
): Promise<void> {
  try {
    const { renderInstructions } = await import("../template-builder/markdown/markdown.ts");
    html.value = renderInstructions(text);
  } catch {
    // The chunk did not load: said in the dialog, which can be opened again.
    hasFailed.value = true;
  }
}

export function KeysDialog({ page, onClose }: DialogProps) {
  const { say } = page;
  const task = page.work.value?.tasks[page.current.value]?.task;
  const hotkeys = task?.hotkeys.value ?? [];
  return (
    <Dialog title={say("keys.title")} onClose={onClose}>
      <dl class="dialog-keys">
        <KeyLine keys={["Ctrl+Enter"]} text={say("keys.submit")} />
        <KeyLine keys={["Tab"]} text={say("keys.fields")} />
        <KeyLine keys={["↑", "↓"]} text={say("keys.choose")} />
        <KeyLine keys={["Alt+↑", "Alt+↓"]} text={say("keys.tasks")} />
        <KeyLine keys={["?"]} text={say("keys.help")} />
        {hotkeys.length === 0 ? null : (
          <KeyLine keys={hotkeys.map(({ key }) => showKey(key))} text={say("keys.template")} />
        )}
      </dl>
      <DialogButtons>
        <button type="button" class="button button-main" onClick={onClose}>
          {say("action.close")}
        </button>
      </DialogButtons>
    </Dialog>
  );
}

function KeyLine({ keys, text }: { keys: readonly string[]; text: string }) {
  return (
    <>
      <dt>
        {keys.map((key) => (
          <kbd key={key} class="tb-key">
            {key}
          </kbd>
        ))}
      </dt>
      <dd>{text}</dd>
    </>
  );
}

function DialogButtons({ children }: { children: ComponentChildren }) {
  return <div class="dialog-buttons">{children}</div>;
}
