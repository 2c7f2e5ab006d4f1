import { View } from "../template-builder/render/view.tsx";
import type { Page } from "./page.ts";
import type { WorkTask } from "./work.ts";

export function taskElementId(index: number): string {
  return `task-${index}`;
}

/** The tasks of the page: below each other, in columns, or one at a time. */
export function TaskList({ page }: { page: Page }) {
  const tasks = page.work.value?.tasks ?? [];
  const { kind, taskWidth } = page.layout.value;
  const isPager = kind === "pager" && tasks.length > 1;
  const shown = isPager ? tasks.filter((_, index) => index === page.current.value) : tasks;
  return (
    <div
      class="task-list"
      data-layout={isPager ? "pager" : "scroll"}
      data-many={tasks.length > 1 ? "" : undefined}
      inert={page.busy.value !== "idle"}
      aria-busy={page.busy.value !== "idle"}
      style={listStyle(isPager ? undefined : taskWidth, tasks.length)}
    >
      {shown.map((work) => (
        <TaskCard
          key={work.id}
          page={page}
          work={work}
          index={tasks.indexOf(work)}
          count={tasks.length}
        />
      ))}
      {isPager ? <PagerLine page={page} count={tasks.length} /> : null}
    </div>
  );
}

/** With a width the tasks flow in as many columns as fit; one column stays in the middle. */
function listStyle(taskWidth: number | undefined, count: number) {
  if (taskWidth === undefined) return undefined;
  const columns = `repeat(auto-fit, minmax(min(${taskWidth}px, 100%), ${taskWidth}px))`;
  return {
    gridTemplateColumns: columns,
    justifyContent: "center",
    maxWidth: count === 1 ? "" : "none",
  };
}

interface TaskCardProps {
  page: Page;
  work: WorkTask;
  index: number;
  count: number;
}

function TaskCard({ page, work, index, count }: TaskCardProps) {
  const { say } = page;
  const title = count > 1 ? say("task.position", { number: index + 1, total: count }) : "";
  const enter = () => {
    page.current.value = index;
  };
  return (
    <section
      class="task-card"
      id={taskElementId(index)}
      tabIndex={-1}
      aria-label={title === "" ? say("task.one") : title}
      data-testid="task"
      data-task={work.id}
      data-current={page.current.value === index ? "" : undefined}
      onFocusIn={enter}
      onPointerDown={enter}
    >
      {title === "" ? null : <div class="task-position">{title}</div>}
      {work.isTraining ? <p class="task-training">{say("task.training")}</p> : null}
      <TaskBody page={page} work={work} />
      <TaskVerdict page={page} work={work} />
    </section>
  );
}

function TaskBody({ page, work }: { page: Page; work: WorkTask }) {
  const { task } = work;
  const cause = task.failure.value;
  if (cause) {
    return (
      <div class="notice notice-calm" data-testid="broken-task">
        <strong>{page.say("task.broken")}</strong>
        {page.isPreview ? <code>{cause.message}</code> : <p>{page.say("task.brokenText")}</p>}
      </div>
    );
  }
  return (
    <>
      <View instance={task.root.value} />
      {task.looseServerErrors.map((line) => (
        <p key={line} class="task-error">
          {line}
        </p>
      ))}
    </>
  );
}

/** What the check of a training task said; the hint stays until the answer is right. */
function TaskVerdict({ page, work }: { page: Page; work: WorkTask }) {
  const verdict = work.verdict.value;
  if (!verdict) return null;
  if (work.isRight.value) {
    return (
      <div class="notice notice-right" data-testid="verdict">
        <strong>{page.say("task.right")}</strong>
      </div>
    );
  }
  return (
    <div class="notice notice-hint" role="status" data-testid="hint">
      <strong>{page.say("task.hint")}</strong>
      <p>{verdict.hint === "" ? page.say("task.hintText") : verdict.hint}</p>
    </div>
  );
}

function PagerLine({ page, count }: { page: Page; count: number }) {
  const index = page.current.value;
  return (
    <nav class="pager">
      <button
        type="button"
        class="button"
        disabled={index === 0}
        onClick={() => page.moveTo(index - 1)}
      >
        {page.say("pager.previous")}
      </button>
      <span>
        {index + 1} / {count}
      </span>
    </nav>
  );
}
