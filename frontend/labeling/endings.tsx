/** What stands in place of tasks where there are none. */
import { TemplateError } from "../template-builder/language/errors.ts";
import type { Say } from "./messages.ts";
import { formatMoney } from "./money.ts";
import type { Page } from "./page.ts";
import type { PageState, Reason } from "./protocol.ts";

export function Waiting({ page, reason }: { page: Page; reason: Reason }) {
  const { say } = page;
  return (
    <div class="ending" data-testid="waiting">
      <h2>{say("waiting.title")}</h2>
      <p>{reason.message === "" ? say("waiting.text") : reason.message}</p>
      <Summary page={page} />
      <button type="button" class="button button-main" onClick={() => void page.look()}>
        {say("action.look")}
      </button>
    </div>
  );
}

interface EndedProps {
  page: Page;
  reason: Reason | undefined;
  isFinished: boolean;
}

export function Ended({ page, reason, isFinished }: EndedProps) {
  const { say } = page;
  const text = isFinished ? say("ended.finished") : (reason?.message ?? "");
  return (
    <div class="ending" data-testid="ended" data-reason={reason?.code}>
      <h2>{say("ended.title")}</h2>
      {text === "" ? null : <p>{text}</p>}
      <Summary page={page} />
      <p class="ending-note">{say("ended.pay")}</p>
      <WayBack page={page} />
    </div>
  );
}

export function Taken({ page }: { page: Page }) {
  return (
    <div class="ending" data-testid="taken">
      <h2>{page.say("taken.title")}</h2>
      <p>{page.say("taken.text")}</p>
      <WayBack page={page} />
    </div>
  );
}

interface BrokenTemplateProps {
  say: Say;
  state: PageState;
  error: Error;
}

/** A template that does not compile: calm for a performer, place and cause in a preview. */
export function BrokenTemplate({ say, state, error }: BrokenTemplateProps) {
  return (
    <main class="page-main">
      <div class="ending" data-testid="broken">
        <h2>{say("broken.title")}</h2>
        {state.preview ? (
          <dl class="ending-facts">
            <dt>{say("preview.where")}</dt>
            <dd>
              <code>{error instanceof TemplateError ? error.path : "view_spec"}</code>
            </dd>
            <dt>{say("preview.cause")}</dt>
            <dd>
              <code>{error.message}</code>
            </dd>
          </dl>
        ) : (
          <p>{say("broken.text")}</p>
        )}
        <BackLink url={state.urls.back} text={say(state.preview ? "preview.back" : "ended.back")} />
      </div>
    </main>
  );
}

function Summary({ page }: { page: Page }) {
  const { say } = page;
  const { progress, earned, currency } = page.session.value;
  return (
    <dl class="ending-facts">
      <dt>{say("ended.pages")}</dt>
      <dd data-testid="summary-pages">{progress.submitted}</dd>
      <dt>{say("ended.earned")}</dt>
      <dd data-testid="summary-earned">{formatMoney(earned, currency, page.language)}</dd>
    </dl>
  );
}

function WayBack({ page }: { page: Page }) {
  const text = page.say(page.isPreview ? "preview.back" : "ended.back");
  return <BackLink url={page.backUrl.value} text={text} />;
}

/** A partner may have given no address to go back to. */
function BackLink({ url, text }: { url: string; text: string }) {
  if (url === "") return null;
  return (
    <a class="button button-main" data-testid="back" href={url}>
      {text}
    </a>
  );
}
