// @vitest-environment jsdom
import { signal } from "@preact/signals";
import { beforeEach, describe, expect, test } from "vitest";
import { registry } from "../template-builder/components/index.ts";
import { compileConfig } from "../template-builder/language/compile.ts";
import { fieldOf, output } from "../template-builder/testing.ts";
import { createClock } from "./clock.ts";
import { createPage } from "./page.ts";
import type { AssignmentState, PageState } from "./protocol.ts";
import { createTelemetry } from "./telemetry.ts";
import type { Reply, Transport } from "./transport.ts";

const START = "2026-01-01T00:00:00Z";
const SESSION = {
  id: "s",
  status: "open",
  progress: { submitted: 0, total: 3 },
  earned: "0",
  currency: "USD",
  can_skip: true,
};
const CONFIG = {
  view: {
    type: "view.list",
    items: [
      { type: "field.text", data: output("a"), validation: { type: "condition.required" } },
      { type: "view.image", url: "https://example.com/a.png" },
    ],
  },
};

type Call = { method: string; path: string; body: unknown };
type Answers = Record<string, Reply | Promise<Reply> | undefined>;

const ok = (body: Record<string, unknown>): Reply => ({ status: 200, body });

function assignment(
  id: string,
  kinds: ("ordinary" | "training")[] = ["ordinary"],
): AssignmentState {
  const tasks = kinds.map((kind, index) => ({ id: `${id}-${index}`, kind, input_values: {} }));
  return { id, expires_at: "2026-01-01T00:05:00Z", reward: "0.02", tasks };
}

/** A page with a server that answers by the last part of the path. */
function open(change: Partial<PageState> = {}, answers: Answers = {}) {
  const calls: Call[] = [];
  let elapsed = 0;
  const reply = async (method: string, path: string, body?: unknown) => {
    calls.push({ method, path, body });
    return answers[path.split("/").at(-1) ?? ""];
  };
  const transport: Transport = {
    isOffline: signal(false),
    sendOnce: reply,
    send: async (method, path, body) => {
      const answer = await reply(method, path, body);
      if (!answer) throw new Error(`no answer for ${path}`);
      return answer;
    },
  };
  const state: PageState = {
    session: SESSION,
    project: { public_name: "P", instructions: "", view_spec: {} },
    assignment: assignment("one"),
    urls: { api: "/api", back: "/back" },
    language: "en",
    server_time: START,
    ...change,
  };
  const page = createPage({
    state,
    template: compileConfig(CONFIG, registry),
    transport,
    clock: createClock(() => elapsed),
    telemetry: createTelemetry(() => elapsed / 1000),
    isVisible: () => true,
  });
  const pass = (seconds: number) => {
    elapsed += seconds * 1000;
    page.tick();
  };
  return { page, calls, pass };
}

type Page = ReturnType<typeof open>["page"];

function write(page: Page, text: string, index = 0): void {
  const task = page.work.value?.tasks[index]?.task;
  if (!task) throw new Error("no task");
  fieldOf(task, "a").write(text);
}

beforeEach(() => localStorage.clear());

describe("submit", () => {
  test("sends the answers once, however often it is pressed, and shows the next page", async () => {
    const session = { ...SESSION, progress: { submitted: 1, total: 3 }, earned: "0.02" };
    const { page, calls } = open(
      {},
      { submit: ok({ session, assignment: assignment("two"), server_time: START }) },
    );
    write(page, "x");

    await Promise.all([page.submit(), page.submit()]);

    expect(calls.map(({ path }) => path)).toEqual(["/assignments/one/submit"]);
    expect(calls[0]?.body).toMatchObject({
      solutions: [{ task_id: "one-0", output_values: { a: "x" } }],
    });
    expect(page.assignment.value?.id).toBe("two");
    expect(page.session.value.earned).toBe("0.02");
    expect(page.focus.value).toEqual({ kind: "task", index: 0 });
    expect(localStorage.length).toBe(0);
  });

  test("goes to the first error instead", async () => {
    const { page, calls } = open({ assignment: assignment("one", ["ordinary", "ordinary"]) });
    write(page, "x", 0);

    await page.submit();

    expect(calls).toEqual([]);
    expect(page.current.value).toBe(1);
    expect(page.focus.value).toMatchObject({ kind: "instance" });
    expect(page.message.value).toBe("Needs attention: 1");
  });

  test("what hinders is no longer said once an answer changes", async () => {
    const { page } = open();
    await page.submit();
    const before = page.message.value;

    write(page, "x");

    expect([before, page.message.value]).toEqual(["Needs attention: 1", ""]);
  });

  test("errors of the server stand at their fields, the page stays", async () => {
    const payload = { "one-0.a": { code: "PATTERN", message: "digits only" } };
    const { page } = open(
      {},
      { submit: { status: 422, body: { code: "VALIDATION", message: "m", payload } } },
    );
    write(page, "x");

    await page.submit();

    const task = page.work.value?.tasks[0]?.task;
    expect(task?.errors.map(({ path, messages }) => [path, messages])).toEqual([
      ["a", ["digits only"]],
    ]);
    expect(page.busy.value).toBe("idle");
  });

  test("errors that no field stands for are said all the same", async () => {
    const payload = { "one-0.z": { message: "unknown field" } };
    const { page } = open({}, { submit: { status: 422, body: { message: "not valid", payload } } });
    write(page, "x");

    await page.submit();

    expect(page.work.value?.tasks[0]?.task.looseServerErrors).toEqual(["unknown field"]);
    expect(page.message.value).toContain("not valid");
  });

  test("a lost lease shows the next page and keeps what was typed", async () => {
    const body = {
      code: "LEASE_LOST",
      message: "m",
      session: SESSION,
      assignment: assignment("two"),
    };
    const { page } = open({}, { submit: { status: 409, body } });
    write(page, "long text");

    await page.submit();

    expect(page.assignment.value?.id).toBe("two");
    expect(page.notice.value).toEqual({ kind: "lost", message: "", kept: ["long text"] });
  });

  test("a conflict that brings no page asks what is out now", async () => {
    const conflict = { status: 409, body: { code: "CONFLICT_STATE", message: "too late" } };
    const same = open(
      {},
      { submit: conflict, "": ok({ session: SESSION, assignment: assignment("one") }) },
    );
    const other = open(
      {},
      { submit: conflict, "": ok({ session: SESSION, assignment: assignment("two") }) },
    );
    write(same.page, "x");
    write(other.page, "x");

    await same.page.submit();
    await other.page.submit();

    expect(same.page.message.value).toContain("too late");
    expect(same.page.work.value?.outputs()).toEqual({ "one-0": { a: "x" } });
    expect(other.page.assignment.value?.id).toBe("two");
    expect(other.page.notice.value).toEqual({ kind: "lost", message: "too late", kept: ["x"] });
  });

  test("another browser took over: the page stops", async () => {
    const { page } = open({}, { submit: { status: 409, body: { code: "TAKEN_OVER" } } });
    write(page, "x");

    await page.submit();

    expect(page.phase.value.kind).toBe("taken");
    expect(page.work.value).toBeUndefined();
  });

  test("the last page ends with its reason and feedback", async () => {
    const reason = { code: "done", message: "That was all" };
    const feedback = { "one-0": { correct: false, hint: "h" } };
    const { page } = open(
      {},
      { submit: ok({ session: SESSION, assignment: null, reason, feedback }) },
    );
    write(page, "x");

    await page.submit();

    expect(page.phase.value).toEqual({ kind: "ended", isFinished: false, reason });
    expect(page.notice.value).toEqual({
      kind: "feedback",
      items: [{ task_id: "one-0", correct: false, hint: "h", number: 1 }],
    });
  });

  test("feedback that all was right takes no room", async () => {
    const feedback = { "one-0": { correct: true } };
    const { page } = open({}, { submit: ok({ session: SESSION, assignment: null, feedback }) });
    write(page, "x");

    await page.submit();

    expect(page.notice.value).toBeUndefined();
  });

  test("a preview sends nothing and shows the answer", async () => {
    const { page, calls } = open({ preview: true });
    write(page, "x");

    await page.submit();

    expect(calls).toEqual([]);
    expect(page.notice.value).toEqual({ kind: "preview", outputs: [{ a: "x" }] });
  });
});

describe("training", () => {
  const training = { assignment: assignment("one", ["training"]) };

  test("a wrong answer shows its hint and is not sent", async () => {
    const { page, calls } = open(training, { check: ok({ correct: false, hint: "look" }) });
    write(page, "x");

    await page.submit();

    expect(calls).toEqual([
      {
        method: "POST",
        path: "/assignments/one/check",
        body: { task_id: "one-0", output_values: { a: "x" } },
      },
    ]);
    const work = page.work.value?.tasks[0];
    expect([work?.verdict.value?.hint, work?.isRight.value]).toEqual(["look", false]);
  });

  test("a right answer is sent; changed afterwards it is checked again", async () => {
    const { page, calls } = open(training, {
      check: ok({ correct: true }),
      submit: { status: 400, body: { message: "no" } },
    });
    write(page, "x");
    await page.submit();
    await page.submit();
    write(page, "y");

    await page.submit();

    expect(calls.map(({ path }) => path.split("/").at(-1))).toEqual([
      "check",
      "submit",
      "submit",
      "check",
      "submit",
    ]);
  });
});

describe("skip and finish", () => {
  test("a skip carries its reason, if there is one", async () => {
    const { page, calls } = open({}, { skip: ok({ session: SESSION, assignment: null }) });

    await page.skip(" blurred ");

    expect(calls[0]).toEqual({
      method: "POST",
      path: "/assignments/one/skip",
      body: { reason: "blurred" },
    });
  });

  test("finish shows the way that the server gives", async () => {
    const { page } = open({}, { finish: ok({ session: SESSION, return_url: "/toloka" }) });

    await page.finish();

    expect(page.phase.value).toEqual({ kind: "ended", isFinished: true });
    expect(page.backUrl.value).toBe("/toloka");
  });
});

describe("waiting", () => {
  const reason = { code: "none_free_now", message: "", retry_after_s: 5 };

  test("looks again after the time that the server named, and goes on with a page", async () => {
    const { page, calls, pass } = open(
      { assignment: null, reason },
      { "": ok({ session: SESSION, assignment: assignment("two") }) },
    );

    pass(4);
    const early = calls.length;
    pass(1);
    await Promise.resolve();
    await Promise.resolve();

    expect([early, calls.length]).toEqual([0, 1]);
    expect(page.phase.value.kind).toBe("working");
    expect(page.assignment.value?.id).toBe("two");
  });

  test("without an answer it looks again later", async () => {
    const { calls, pass } = open({ assignment: null, reason });

    for (let second = 0; second < 25; second += 1) pass(1);
    await Promise.resolve();

    expect(calls.length).toBe(2);
  });
});

describe("heartbeat", () => {
  test("carries the answers begun when they have changed, and moves the end of the lease", async () => {
    const { page, calls } = open({}, { heartbeat: ok({ expires_at: "2026-01-01T00:09:00Z" }) });
    write(page, "x");

    await page.heartbeat();
    await page.heartbeat();

    expect(calls.map(({ body }) => body)).toEqual([{ drafts: { "one-0": { a: "x" } } }, {}]);
    expect(page.assignment.value?.expires_at).toBe("2026-01-01T00:09:00Z");
  });

  test("is not sent where nobody has been at work lately", async () => {
    const { page, calls, pass } = open();

    pass(121);
    await page.heartbeat();

    expect(calls).toEqual([]);
  });

  test("tells of pictures that did not load until it was heard", async () => {
    const answers: Answers = {};
    const { page, calls } = open({}, answers);
    page.work.value?.tasks[0]?.task.host.reportProblem({ url: "u", kind: "image" });

    await page.heartbeat();
    answers.heartbeat = ok({});
    await page.heartbeat();
    await page.heartbeat();

    const problems = [{ task_id: "one-0", url: "u", kind: "image" }];
    expect(calls.map(({ body }) => (body as { problems?: unknown }).problems)).toEqual([
      problems,
      problems,
      undefined,
    ]);
  });

  test("a page that is out may be finished, whatever stops the visit after it", async () => {
    const { page } = open(
      {},
      {
        heartbeat: ok({
          expires_at: "2026-01-01T00:09:00Z",
          stopped: { code: "restricted", message: "m" },
        }),
      },
    );
    await page.heartbeat();
    expect(page.assignment.value?.expires_at).toBe("2026-01-01T00:09:00Z");
    expect(page.phase.value).not.toMatchObject({ kind: "ended" });
  });

  test("stopped ends the work with its reason and keeps what was begun", async () => {
    const { page } = open({}, { heartbeat: ok({ stopped: { code: "banned", message: "m" } }) });
    write(page, "x");

    await page.heartbeat();

    expect(page.phase.value).toMatchObject({ kind: "ended", reason: { code: "banned" } });
    expect(localStorage.length).toBe(1);
  });

  test("a lost lease is left to the submit", async () => {
    const { page } = open({}, { heartbeat: { status: 409, body: { code: "LEASE_LOST" } } });

    await page.heartbeat();

    expect(page.phase.value.kind).toBe("working");
  });
});

describe("drafts", () => {
  test("what was begun is there when the page is opened again", () => {
    const first = open().page;
    write(first, "begun");
    first.work.value?.save();

    const second = open().page;

    expect(second.work.value?.outputs()).toEqual({ "one-0": { a: "begun" } });
  });

  test("what the server kept is there in a new browser; what is here goes before it", () => {
    const kept = { ...assignment("one"), drafts: { "one-0": { a: "server" } } };

    const fresh = open({ assignment: kept }).page;
    const fromServer = fresh.work.value?.outputs();
    write(fresh, "here");
    fresh.work.value?.save();

    expect(fromServer).toEqual({ "one-0": { a: "server" } });
    expect(open({ assignment: kept }).page.work.value?.outputs()).toEqual({
      "one-0": { a: "here" },
    });
  });
});
