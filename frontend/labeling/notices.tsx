import type { Notice, Page } from "./page.ts";

/** What came of the page before this one. */
export function Notices({ page }: { page: Page }) {
  const notice = page.notice.value;
  if (!notice) return null;
  return (
    <div class="notice" data-testid={`notice-${notice.kind}`} role="status">
      <NoticeBody page={page} notice={notice} />
      <button
        type="button"
        class="button notice-close"
        onClick={() => {
          page.notice.value = undefined;
        }}
      >
        {page.say("action.close")}
      </button>
    </div>
  );
}

function NoticeBody({ page, notice }: { page: Page; notice: Notice }) {
  const { say } = page;
  switch (notice.kind) {
    case "lost":
      return (
        <div>
          <strong>{say("lost.title")}</strong>
          <p>{notice.message === "" ? say("lost.text") : notice.message}</p>
          {notice.kept.length === 0 ? null : (
            <details>
              <summary>{say("lost.kept")}</summary>
              {notice.kept.map((text) => (
                <p key={text} class="tb-plain">
                  {text}
                </p>
              ))}
            </details>
          )}
        </div>
      );
    case "feedback":
      return (
        <div>
          <strong>{say("feedback.title")}</strong>
          <ul>
            {notice.items.map(({ task_id, number, correct, hint }) => (
              <li key={task_id} data-correct={correct}>
                {say(correct ? "feedback.right" : "feedback.wrong", { number })}
                {hint && !correct ? `: ${hint}` : ""}
              </li>
            ))}
          </ul>
        </div>
      );
    case "preview":
      return (
        <div>
          <strong>{say("preview.result")}</strong>
          <pre data-testid="preview-output">{JSON.stringify(notice.outputs, null, 2)}</pre>
        </div>
      );
  }
}
