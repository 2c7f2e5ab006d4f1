import type { ComponentChildren } from "preact";
import { formatDuration, secondsUntil } from "./clock.ts";
import { formatMoney, isZero } from "./money.ts";
import type { Page } from "./page.ts";

const LITTLE_TIME_S = 60;

/** The project, what was done and earned, what this page pays, and the time left for it. */
export function Header({ page, onInstructions }: { page: Page; onInstructions: () => void }) {
  const { say, settings, project } = page;
  const session = page.session.value;
  const { submitted, total } = session.progress;
  const money = (amount: string) => formatMoney(amount, session.currency, page.language);
  const reward = page.assignment.value?.reward ?? "0";
  return (
    <header class="page-header">
      <div class="page-header-inner">
        <h1 class="page-title">{settings.showTitle ? project.public_name : ""}</h1>
        <div class="page-facts">
          <span data-testid="progress">
            <Fact
              long={
                total === null
                  ? say("header.progress", { submitted })
                  : say("header.progressOf", { submitted, total })
              }
              short={
                total === null ? (
                  <>
                    <CheckMark /> {submitted}
                  </>
                ) : (
                  `${submitted} / ${total}`
                )
              }
            />
          </span>
          <span data-testid="earned">
            {say("header.earned", { amount: money(session.earned) })}
          </span>
          {settings.showReward && !isZero(reward) ? (
            <span data-testid="reward">
              <Fact
                long={say("header.reward", { amount: money(reward) })}
                short={`+${money(reward)}`}
              />
            </span>
          ) : null}
          <SavedChip page={page} />
          {settings.showTimer ? <Timer page={page} /> : null}
        </div>
        {settings.showInstructions ? (
          <button type="button" class="page-instructions" onClick={onInstructions}>
            {say("header.instructions")}
          </button>
        ) : null}
      </div>
    </header>
  );
}

function Timer({ page }: { page: Page }) {
  const assignment = page.assignment.value;
  const seconds = assignment
    ? secondsUntil(assignment.expires_at, page.clock.now.value)
    : undefined;
  if (seconds === undefined) return null;
  return (
    <span
      class="page-timer"
      role="timer"
      data-testid="timer"
      data-little={seconds <= LITTLE_TIME_S ? "" : undefined}
      aria-label={`${page.say("header.timeLeft")}: ${formatDuration(seconds)}`}
      title={page.say("header.timeLeft")}
    >
      {formatDuration(seconds)}
    </span>
  );
}

/** Whether the answers are safe: kept here, or waiting for the network. */
function SavedChip({ page }: { page: Page }) {
  const saving = page.work.value?.saving.value ?? "untouched";
  const state = page.isOffline.value ? "offline" : saving;
  const isQuiet = page.isPreview || state === "untouched";
  return (
    <span
      class="page-chip"
      data-testid="saved"
      data-state={state}
      // Kept in its place while it says nothing, so that nothing beside it moves.
      data-hidden={isQuiet ? "" : undefined}
    >
      {state === "offline" ? (
        page.say("saved.offline")
      ) : (
        <Fact
          long={page.say(state === "refused" ? "saved.no" : "saved.yes")}
          short={state === "refused" ? "!" : <CheckMark />}
        />
      )}
    </span>
  );
}

/** A fact in words where there is room, in signs on a phone; a screen reader gets the words. */
function Fact({ long, short }: { long: string; short: ComponentChildren }) {
  return (
    <>
      <span class="fact-long">{long}</span>
      <span class="fact-short" aria-hidden="true">
        {short}
      </span>
    </>
  );
}

/** Drawn, since not every phone's font has the sign. */
function CheckMark() {
  return (
    <svg class="check-mark" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path d="M1.5 6.5 4.5 9.5 10.5 2.5" />
    </svg>
  );
}
