/** What the labeling page shows, and the steps between what it can show. */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type PageLayout, readPageLayout } from "../template-builder/components/plugin/toloka.ts";
import type { Template } from "../template-builder/language/compile.ts";
import type { Instance } from "../template-builder/language/instance.ts";
import type { Clock } from "./clock.ts";
import { type Say, speak } from "./messages.ts";
import type { Polling } from "./polling.ts";
import {
  type AssignmentState,
  type FeedbackItem,
  type PageState,
  type Progress,
  type ProjectState,
  type Reason,
  readSettings,
  type SessionState,
  type ViewSettings,
} from "./protocol.ts";
import type { Submitting } from "./submitting.ts";
import type { TelemetryRecorder } from "./telemetry.ts";
import type { Transport } from "./transport.ts";
import { openWork, type Problem, type Work } from "./work.ts";

export const LOOK_AGAIN_S = 15;

export type Phase =
  | { readonly kind: "working" }
  | { readonly kind: "waiting"; readonly reason: Reason; readonly lookAt: number }
  | { readonly kind: "ended"; readonly reason?: Reason; readonly isFinished: boolean }
  | { readonly kind: "taken" };

export type Notice =
  | { readonly kind: "lost"; readonly message: string; readonly kept: readonly string[] }
  | { readonly kind: "feedback"; readonly items: readonly (FeedbackItem & { number: number })[] }
  | { readonly kind: "preview"; readonly outputs: readonly unknown[] };

export type Busy = "idle" | "submitting" | "skipping" | "finishing";

/** Where the focus should go after the next drawing. */
export type FocusTarget =
  | { readonly kind: "task"; readonly index: number }
  | { readonly kind: "instance"; readonly instance: Instance };

export interface PageParts {
  readonly state: PageState;
  readonly template: Template;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly telemetry: TelemetryRecorder;
  isVisible(): boolean;
}

export interface Model {
  readonly say: Say;
  readonly language: "en" | "ru";
  readonly isPreview: boolean;
  readonly project: ProjectState;
  readonly settings: ViewSettings;
  readonly clock: Clock;
  readonly isOffline: ReadonlySignal<boolean>;
  readonly session: Signal<SessionState>;
  readonly assignment: Signal<AssignmentState | null>;
  readonly work: Signal<Work | undefined>;
  readonly current: Signal<number>;
  readonly layout: Signal<PageLayout>;
  readonly phase: Signal<Phase>;
  readonly busy: Signal<Busy>;
  /** A line above the buttons: what hinders the submit. */
  readonly message: Signal<string>;
  /** For screen readers alone. */
  readonly announcement: Signal<string>;
  readonly notice: Signal<Notice | undefined>;
  readonly focus: Signal<FocusTarget | undefined>;
  readonly backUrl: Signal<string>;
  /** What did not load or work, waiting to be told to the server. */
  readonly problems: Signal<readonly Problem[]>;
  /** Shows what an answer of the server brings in place of what is there. */
  show(progress: Progress): void;
  moveTo(index: number): void;
  /** Ends the work here; what was begun stays kept in the browser. */
  end(reason: Reason): void;
  /** Another browser has taken the work over. */
  stopHere(): void;
}

export type Page = Model & Submitting & Polling;

export function createModel(parts: PageParts): Model {
  const { state, template, clock, telemetry, transport } = parts;
  const model: Model = {
    say: speak(state.language),
    language: state.language,
    isPreview: state.preview === true,
    project: state.project,
    settings: readSettings(state.project.view_spec),
    clock,
    isOffline: transport.isOffline,
    session: signal(state.session),
    assignment: signal<AssignmentState | null>(null),
    work: signal<Work | undefined>(undefined),
    current: signal(0),
    layout: signal<PageLayout>({ kind: "scroll", taskWidth: undefined }),
    phase: signal<Phase>({ kind: "working" }),
    busy: signal<Busy>("idle"),
    message: signal(""),
    announcement: signal(""),
    notice: signal<Notice | undefined>(undefined),
    focus: signal<FocusTarget | undefined>(undefined),
    backUrl: signal(state.urls.back),
    problems: signal<readonly Problem[]>([]),
    show,
    moveTo,
    end,
    stopHere,
  };

  function show(progress: Progress): void {
    clock.sync(progress.server_time);
    if (progress.session) model.session.value = progress.session;
    closeWork();
    model.message.value = "";
    model.assignment.value = progress.assignment ?? null;
    if (progress.assignment) openAssignment(progress.assignment);
    else model.phase.value = phaseWithoutPage(progress.reason, clock.now.peek());
  }

  function openAssignment(assignment: AssignmentState): void {
    const work = openWork({
      template,
      assignment,
      language: state.language,
      sessionId: state.session.id,
      keepsDrafts: !model.isPreview,
      report,
      changed: () => {
        model.message.value = "";
      },
    });
    for (const { id, task } of work.tasks) {
      const cause = task.failure.peek();
      if (cause) report({ task_id: id, url: cause.message, kind: "template" });
    }
    const first = work.tasks[0];
    if (first) model.layout.value = readPageLayout(template, first.task);
    telemetry.restart(work.tasks.map(({ id }) => id));
    model.current.value = 0;
    model.phase.value = { kind: "working" };
    model.work.value = work;
  }

  function report(problem: Problem): void {
    model.problems.value = [...model.problems.peek(), problem];
  }

  function moveTo(index: number): void {
    const count = model.work.peek()?.tasks.length ?? 0;
    if (index < 0 || index >= count) return;
    model.current.value = index;
    model.focus.value = { kind: "task", index };
  }

  function end(reason: Reason): void {
    model.work.peek()?.save();
    closeWork();
    model.phase.value = { kind: "ended", reason, isFinished: false };
  }

  function stopHere(): void {
    model.work.peek()?.save();
    closeWork();
    model.phase.value = { kind: "taken" };
  }

  function closeWork(): void {
    model.work.peek()?.close();
    model.work.value = undefined;
  }

  return model;
}

/** Held by others for now, or over for good. */
function phaseWithoutPage(reason: Reason | undefined, nowMs: number): Phase {
  if (reason && (reason.code === "none_free_now" || reason.retry_after_s !== undefined)) {
    const waitS = reason.retry_after_s ?? LOOK_AGAIN_S;
    return { kind: "waiting", reason, lookAt: nowMs + waitS * 1000 };
  }
  return { kind: "ended", isFinished: false, ...(reason ? { reason } : {}) };
}
