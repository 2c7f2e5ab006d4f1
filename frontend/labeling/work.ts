/** The tasks of the page that is open: their state, their drafts, their answers. */
import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Template } from "../template-builder/language/compile.ts";
import { Task } from "../template-builder/language/task.ts";
import { type DraftStore, openDrafts, type TaskDraft } from "./drafts.ts";
import type { AssignmentState, TaskState } from "./protocol.ts";

const SAVE_AFTER_MS = 400;

export interface Problem {
  readonly task_id: string;
  readonly url: string;
  readonly kind: string;
}

/** A task of the page with what the page itself remembers of it. */
export interface WorkTask {
  readonly id: string;
  readonly isTraining: boolean;
  readonly task: Task;
  /** What the check of a training task said last. */
  readonly verdict: Signal<{ correct: boolean; hint: string; output: unknown } | undefined>;
  /** The answer as it stands was checked and is right. */
  readonly isRight: ReadonlySignal<boolean>;
}

/** What became of the answers in this browser: not begun, to be kept soon, kept, or refused. */
export type Saving = "untouched" | "pending" | "saved" | "refused";

export interface Work {
  readonly id: string;
  readonly tasks: readonly WorkTask[];
  readonly saving: Signal<Saving>;
  outputs(): Record<string, unknown>;
  /** Keeps the answers now, not after a pause. */
  save(): void;
  forget(): void;
  close(): void;
}

export interface WorkSource {
  readonly template: Template;
  readonly assignment: AssignmentState;
  readonly language: "en" | "ru";
  readonly sessionId: string;
  readonly keepsDrafts: boolean;
  report(problem: Problem): void;
  /** Called whenever an answer changes. */
  changed(): void;
}

/** Opens the tasks of an assignment, with what was begun before. */
export function openWork(source: WorkSource): Work {
  const drafts = source.keepsDrafts
    ? openDrafts(source.sessionId, source.assignment.id)
    : undefined;
  const tasks = source.assignment.tasks.map((state) => openTask(source, state, drafts));
  const saving = signal<Saving>("untouched");
  let timer: ReturnType<typeof setTimeout> | undefined;

  function save(): void {
    clearTimeout(timer);
    if (!drafts || saving.peek() !== "pending") return;
    const kept = drafts.write(Object.fromEntries(tasks.map(({ id, task }) => [id, draftOf(task)])));
    saving.value = kept ? "saved" : "refused";
  }

  const stop = followChanges(tasks, () => {
    source.changed();
    saving.value = "pending";
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER_MS);
  });

  return {
    id: source.assignment.id,
    tasks,
    saving,
    save,
    outputs: () => Object.fromEntries(tasks.map(({ id, task }) => [id, task.output.value.peek()])),
    forget() {
      clearTimeout(timer);
      stop();
      drafts?.remove();
    },
    close() {
      clearTimeout(timer);
      stop();
      for (const { task } of tasks) task.dispose();
    },
  };
}

function openTask(source: WorkSource, state: TaskState, drafts: DraftStore | undefined): WorkTask {
  const draft = drafts?.read(state.id);
  const task = new Task({
    template: source.template,
    input: state.input_values,
    language: source.language,
    host: { reportProblem: (problem) => source.report({ task_id: state.id, ...problem }) },
    output: draft?.output ?? source.assignment.drafts?.[state.id] ?? {},
    ...(draft ? { internal: draft.internal, touched: draft.touched } : {}),
  });
  const verdict: WorkTask["verdict"] = signal(undefined);
  return {
    id: state.id,
    isTraining: state.kind === "training",
    task,
    verdict,
    isRight: computed(
      () => verdict.value?.correct === true && verdict.value.output === task.output.value.value,
    ),
  };
}

function draftOf(task: Task): TaskDraft {
  return {
    output: task.output.value.peek(),
    internal: task.internal.value.peek(),
    touched: [...task.output.touched.peek()],
  };
}

/** Calls `changed` whenever an answer changes, not for what it is at first. */
function followChanges(tasks: readonly WorkTask[], changed: () => void): () => void {
  let isFirst = true;
  return effect(() => {
    for (const { task } of tasks) {
      task.output.value.value;
      task.internal.value.value;
    }
    if (!isFirst) changed();
    isFirst = false;
  });
}
