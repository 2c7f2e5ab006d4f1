/** Sending a page, skipping it, finishing; and what the server's answer means for the page. */
import type { Busy, Model, Notice, PageParts } from "./page-model.ts";
import { type FeedbackItem, type Progress, readFieldErrors, readProgress } from "./protocol.ts";
import type { Reply } from "./transport.ts";
import type { Work, WorkTask } from "./work.ts";

export interface Submitting {
  submit(): Promise<void>;
  skip(reason: string): Promise<void>;
  finish(): Promise<void>;
  /** Does what an answer of the server asks for. */
  settle(reply: Reply): Promise<void>;
}

export function createSubmitting(parts: PageParts, model: Model): Submitting {
  const { transport, telemetry } = parts;
  const { say } = model;

  async function submit(): Promise<void> {
    const work = model.work.peek();
    if (!work || model.busy.peek() !== "idle") return;
    model.message.value = "";
    if (!isReady(work.tasks)) return;
    const outputs = work.outputs();
    if (model.isPreview) {
      model.notice.value = { kind: "preview", outputs: Object.values(outputs) };
      return;
    }
    await whileBusy("submitting", async () => {
      if (!(await checkTraining(work))) return;
      work.save();
      telemetry.tick(work.tasks[model.current.peek()]?.id, parts.isVisible());
      const reply = await transport.send("POST", `/assignments/${work.id}/submit`, {
        solutions: work.tasks.map(({ id }) => ({ task_id: id, output_values: outputs[id] })),
        telemetry: telemetry.read(),
      });
      await settle(reply);
    });
  }

  async function skip(reason: string): Promise<void> {
    const work = model.work.peek();
    if (!work || model.isPreview) return;
    await whileBusy("skipping", async () => {
      const body = reason.trim() === "" ? {} : { reason: reason.trim() };
      await settle(await transport.send("POST", `/assignments/${work.id}/skip`, body));
    });
  }

  async function finish(): Promise<void> {
    if (model.isPreview) return;
    await whileBusy("finishing", async () => {
      const reply = await transport.send("POST", "/finish", {});
      if (reply.status !== 200) {
        await settle(reply);
        return;
      }
      const { return_url: returnUrl } = reply.body;
      if (typeof returnUrl === "string") model.backUrl.value = returnUrl;
      model.work.peek()?.forget();
      model.show({ ...readProgress(reply.body), assignment: null });
      model.phase.value = { kind: "ended", isFinished: true };
    });
  }

  /** One call at a time: a second press while one is in flight does nothing. */
  async function whileBusy(what: Busy, run: () => Promise<void>): Promise<void> {
    if (model.busy.peek() !== "idle") return;
    model.busy.value = what;
    try {
      await run();
    } finally {
      model.busy.value = "idle";
    }
  }

  /** Shows what is wrong and goes to the first of it; true where nothing is. */
  function isReady(tasks: readonly WorkTask[]): boolean {
    const index = tasks.map(({ task }) => task.reveal()).indexOf(false);
    if (index < 0) return true;
    const count = tasks.reduce((sum, { task }) => sum + task.errors.length, 0);
    const instance = tasks[index]?.task.errors[0]?.instance;
    model.current.value = index;
    model.focus.value = instance ? { kind: "instance", instance } : { kind: "task", index };
    model.message.value = say("submit.errors", { count: Math.max(count, 1) });
    return false;
  }

  /** Has the training tasks checked; true where all of them are right. */
  async function checkTraining(work: Work): Promise<boolean> {
    const isOpen = ({ isTraining, isRight }: WorkTask) => isTraining && !isRight.peek();
    for (const { id, task, verdict } of work.tasks.filter(isOpen)) {
      const output = task.output.value.peek();
      const reply = await transport.send("POST", `/assignments/${work.id}/check`, {
        task_id: id,
        output_values: output,
      });
      if (reply.status !== 200) {
        await settle(reply);
        return false;
      }
      const hint = typeof reply.body.hint === "string" ? reply.body.hint : "";
      verdict.value = { correct: reply.body.correct === true, hint, output };
    }
    const wrong = work.tasks.findIndex(isOpen);
    if (wrong < 0) return true;
    model.message.value = say("task.hint");
    model.moveTo(wrong);
    return false;
  }

  async function settle(reply: Reply): Promise<void> {
    const { status, body } = reply;
    const code = typeof body.code === "string" ? body.code : "";
    const text = typeof body.message === "string" ? body.message : "";
    if (status === 200) accept(reply);
    else if (code === "TAKEN_OVER") model.stopHere();
    else if (status === 409) await lose(reply, code, text);
    else if (status === 422) showServerErrors(body.payload, text);
    else if (status === 403) model.message.value = text === "" ? say("submit.reload") : text;
    else if ([401, 404, 410].includes(status)) {
      model.end({ code: code || String(status), message: text || say("ended.unsent") });
    } else refuse(text || String(status));
  }

  function refuse(message: string): void {
    model.message.value = say("submit.refused", { message });
    // The tasks were inert meanwhile, which takes the focus away.
    model.focus.value = { kind: "task", index: model.current.peek() };
  }

  function accept(reply: Reply): void {
    const sent = model.work.peek();
    sent?.forget();
    const progress = readProgress(reply.body);
    model.show(progress);
    model.notice.value = feedbackNotice(sent, progress.feedback ?? []);
    if (!model.work.peek()) return;
    model.announcement.value = say("submit.accepted");
    model.focus.value = { kind: "task", index: 0 };
  }

  /** The page is not, or no longer, to be had; what is out now comes with the answer or is asked. */
  async function lose(reply: Reply, code: string, text: string): Promise<void> {
    const progress = await readWhatNow(reply);
    if (!progress || progress.assignment?.id === model.work.peek()?.id) {
      refuse(text || code);
      return;
    }
    const lost = model.work.peek();
    const kept = lost?.tasks.flatMap(typedTexts) ?? [];
    lost?.forget();
    model.show(progress);
    model.notice.value = { kind: "lost", message: code === "LEASE_LOST" ? "" : text, kept };
  }

  async function readWhatNow(reply: Reply): Promise<Progress | undefined> {
    const progress = readProgress(reply.body);
    if (progress.session) return progress;
    const state = await transport.sendOnce("GET", "");
    return state?.status === 200 ? readProgress(state.body) : undefined;
  }

  function showServerErrors(payload: unknown, text: string): void {
    const work = model.work.peek();
    const errors = readFieldErrors(payload);
    for (const { id, task } of work?.tasks ?? []) {
      task.setServerErrors(errors.get(id) ?? new Map());
    }
    // Errors of fields that are not shown stand below their task instead.
    if (!work || isReady(work.tasks)) {
      refuse(text);
      model.moveTo(work?.tasks.findIndex(({ id }) => errors.has(id)) ?? -1);
    }
  }

  return { submit, skip, finish, settle };
}

/** What was wrong on a page that was sent; a page that was all right needs no words. */
function feedbackNotice(
  sent: Work | undefined,
  items: readonly FeedbackItem[],
): Notice | undefined {
  if (items.every(({ correct }) => correct)) return undefined;
  const ids = sent?.tasks.map(({ id }) => id) ?? [];
  return {
    kind: "feedback",
    items: items.map((item, index) => ({
      ...item,
      number: (ids.includes(item.task_id) ? ids.indexOf(item.task_id) : index) + 1,
    })),
  };
}

/** What was typed by hand in a task: what it would hurt to type again. */
function typedTexts({ task }: WorkTask): string[] {
  return task.mounted
    .peek()
    .filter(({ isField, component }) => isField && !component.properties.has("options"))
    .map((instance) => instance.value)
    .filter((value): value is string => typeof value === "string");
}
