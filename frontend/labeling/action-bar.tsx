import type { Page } from "./page.ts";

interface ActionBarProps {
  page: Page;
  onSkip: () => void;
  onFinish: () => void;
  onKeys: () => void;
}

/** The buttons of the page, at the bottom whatever there is above. */
export function ActionBar({ page, onSkip, onFinish, onKeys }: ActionBarProps) {
  const { say, settings } = page;
  const phase = page.phase.value.kind;
  if (phase === "ended" || phase === "taken") return null;
  const isBusy = page.busy.value !== "idle";
  const work = page.work.value;
  return (
    <footer class="action-bar">
      <div class="action-message" role="alert" data-testid="message">
        {messageOf(page)}
      </div>
      <div class="action-bar-inner">
        {settings.showFinish ? (
          <button type="button" class="button" disabled={isBusy} onClick={onFinish}>
            {say("action.finish")}
          </button>
        ) : null}
        {settings.showSkip && page.session.value.can_skip && work ? (
          <button type="button" class="button" disabled={isBusy} onClick={onSkip}>
            {say("action.skip")}
          </button>
        ) : null}
        <button
          type="button"
          class="button button-keys"
          aria-label={say("header.keys")}
          title={say("header.keys")}
          onClick={onKeys}
        >
          ?
        </button>
        {work ? <Onward page={page} /> : null}
      </div>
    </footer>
  );
}

/** Submit; in a pager Next until the last task is reached, in the same place. */
function Onward({ page }: { page: Page }) {
  const { say } = page;
  const index = page.current.value;
  const tasks = page.work.value?.tasks ?? [];
  const isPager = page.layout.value.kind === "pager" && tasks.length > 1;
  const isBusy = page.busy.value !== "idle";
  if (isPager && index < tasks.length - 1) {
    return (
      <button
        type="button"
        class="button button-main"
        data-testid="next"
        onClick={() => page.moveTo(index + 1)}
      >
        {say("pager.next")}
      </button>
    );
  }
  const isBroken = tasks.some(({ task }) => task.failure.value !== undefined);
  return (
    <button
      type="button"
      class="button button-main"
      data-testid="submit"
      // Not disabled while it is busy: a disabled button would lose the focus.
      aria-disabled={isBusy || isBroken}
      disabled={isBroken}
      onClick={() => void page.submit()}
    >
      {say(page.busy.value === "submitting" ? "action.submitting" : "action.submit")}
    </button>
  );
}

function messageOf(page: Page): string {
  if (page.busy.value !== "idle") {
    return page.isOffline.value ? page.say("submit.retrying") : "";
  }
  if (page.message.value !== "") return page.message.value;
  const expiresAt = Date.parse(page.assignment.value?.expires_at ?? "");
  return page.clock.now.value > expiresAt ? page.say("time.up") : "";
}
