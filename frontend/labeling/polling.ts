/** What the page does by itself as time passes: heartbeats, looking for work, counting seconds. */
import { LOOK_AGAIN_S, type Model, type PageParts } from "./page-model.ts";
import { readProgress, readReason } from "./protocol.ts";
import type { Submitting } from "./submitting.ts";
import type { Reply } from "./transport.ts";

const HEARTBEAT_WITHIN_S = 120;

export interface Polling {
  /** Every second. */
  tick(): void;
  /** Tells the server that someone is at work, with the answers begun; asks how long there is. */
  heartbeat(): Promise<void>;
  /** Asks whether there is a page by now. */
  look(): Promise<void>;
}

export function createPolling(parts: PageParts, model: Model, { settle }: Submitting): Polling {
  const { transport, clock, telemetry } = parts;
  let sentDrafts = "";

  function tick(): void {
    clock.tick();
    telemetry.tick(model.work.peek()?.tasks[model.current.peek()]?.id, parts.isVisible());
    const phase = model.phase.peek();
    if (phase.kind === "waiting" && clock.now.peek() >= phase.lookAt && parts.isVisible()) {
      void look();
    }
  }

  async function look(): Promise<void> {
    postponeLook();
    const reply = await transport.sendOnce("GET", "");
    if (!reply || model.phase.peek().kind !== "waiting" || model.busy.peek() !== "idle") return;
    if (reply.status !== 200) {
      await settle(reply);
      return;
    }
    model.show(readProgress(reply.body));
    if (model.work.peek()) model.focus.value = { kind: "task", index: 0 };
  }

  function postponeLook(): void {
    const phase = model.phase.peek();
    if (phase.kind === "waiting") {
      model.phase.value = { ...phase, lookAt: clock.now.peek() + LOOK_AGAIN_S * 1000 };
    }
  }

  async function heartbeat(): Promise<void> {
    const work = model.work.peek();
    if (!work || model.isPreview || model.busy.peek() !== "idle" || !parts.isVisible()) return;
    const problems = model.problems.peek();
    const isActive = telemetry.idleSeconds() <= HEARTBEAT_WITHIN_S;
    if (!isActive && problems.length === 0) return;
    const drafts = work.outputs();
    const draftsText = `${work.id} ${JSON.stringify(drafts)}`;
    const reply = await transport.sendOnce("POST", `/assignments/${work.id}/heartbeat`, {
      ...(draftsText === sentDrafts ? {} : { drafts }),
      ...(problems.length === 0 ? {} : { problems }),
    });
    // A page sent meanwhile has had its own answer.
    if (!reply || model.work.peek() !== work || model.busy.peek() !== "idle") return;
    if (reply.status === 200) {
      sentDrafts = draftsText;
      model.problems.value = model.problems.peek().filter((one) => !problems.includes(one));
      hear(reply);
    } else if (reply.body.code === "TAKEN_OVER") model.stopHere();
    // A lost lease is left to the submit: a late page may still be taken.
  }

  function hear({ body }: Reply): void {
    if (typeof body.server_time === "string") clock.sync(body.server_time);
    const assignment = model.assignment.peek();
    if (assignment && typeof body.expires_at === "string") {
      model.assignment.value = { ...assignment, expires_at: body.expires_at };
    }
    // A page that is out may be finished; what stops the visit is heard with its submit.
    const stopped = readReason(body.stopped);
    if (stopped && typeof body.expires_at !== "string") model.end(stopped);
  }

  return { tick, heartbeat, look };
}
