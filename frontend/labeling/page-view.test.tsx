// @vitest-environment jsdom
import { signal } from "@preact/signals";
import { render } from "preact";
import { beforeEach, describe, expect, test } from "vitest";
import { registry } from "../template-builder/components/index.ts";
import { compileConfig } from "../template-builder/language/compile.ts";
import { output } from "../template-builder/testing.ts";
import { act } from "../template-builder/testing-dom.tsx";
import { createClock } from "./clock.ts";
import { pressKey } from "./listen.ts";
import { createPage, type Page } from "./page.ts";
import { closeDialog, PageView } from "./page-view.tsx";
import type { PageState } from "./protocol.ts";
import { createTelemetry } from "./telemetry.ts";

const set = (payload: string) => ({ type: "action.set", data: output("a"), payload });
const config = (kind: string) => ({
  view: {
    type: "field.radio-group",
    label: "Which?",
    data: output("a"),
    options: ["x", "y"].map((value) => ({ label: value, value })),
    validation: { type: "condition.required" },
  },
  plugins: [
    { type: "plugin.toloka", layout: { kind } },
    { type: "plugin.hotkeys", "1": set("x"), q: set("y") },
  ],
});

function show(change: Partial<PageState> = {}, kind = "scroll") {
  const task = (id: string) => ({ id, kind: "ordinary" as const, input_values: {} });
  const state: PageState = {
    session: {
      id: "s",
      status: "open",
      progress: { submitted: 2, total: 5 },
      earned: "0.04",
      currency: "USD",
      can_skip: true,
    },
    project: { public_name: "Cats", instructions: "", view_spec: {} },
    assignment: {
      id: "one",
      expires_at: "2026-01-01T00:05:00Z",
      reward: "0.02",
      tasks: [task("t0"), task("t1")],
    },
    urls: { api: "/api", back: "/back" },
    language: "en",
    server_time: "2026-01-01T00:00:00Z",
    preview: true,
    ...change,
  };
  const page = createPage({
    state,
    template: compileConfig(config(kind), registry),
    transport: {
      isOffline: signal(false),
      send: () => Promise.reject(new Error("nothing is sent here")),
      sendOnce: () => Promise.resolve(undefined),
    },
    clock: createClock(() => 0),
    telemetry: createTelemetry(() => 0),
    isVisible: () => true,
  });
  const app = document.createElement("div");
  document.body.replaceChildren(app);
  void act(() => render(<PageView page={page} />, app));
  const textOf = (testId: string) =>
    app.querySelector(`[data-testid="${testId}"]`)?.textContent ?? undefined;
  return { page, app, textOf };
}

function key(
  page: Page,
  name: string,
  init: KeyboardEventInit = {},
  target: EventTarget = document,
) {
  const event = new KeyboardEvent("keydown", {
    key: name,
    bubbles: true,
    cancelable: true,
    ...init,
  });
  void act(() => {
    target.dispatchEvent(event);
    pressKey(page, event);
  });
  return event;
}

beforeEach(() => {
  localStorage.clear();
  closeDialog();
  // jsdom does not scroll.
  Element.prototype.scrollIntoView = () => undefined;
  globalThis.scrollTo = () => undefined;
});

describe("the page", () => {
  test("says what was done, earned and is to be earned, and how long there is", () => {
    const { app, textOf } = show({ preview: false });

    expect(app.querySelector("h1")?.textContent).toBe("Cats");
    expect(textOf("progress")).toContain("Done: 2 of 5");
    expect(textOf("earned")).toBe("Earned: $0.04");
    expect(textOf("reward")).toContain("This page: $0.02");
    expect(textOf("timer")).toBe("5:00");
  });

  test("a key of the template answers the task that has the focus", () => {
    const { page } = show();

    key(page, "1", { code: "Digit1" });
    void act(() => page.moveTo(1));
    key(page, "й", { code: "KeyQ" });

    expect(page.work.value?.outputs()).toEqual({ t0: { a: "x" }, t1: { a: "y" } });
  });

  test("keys write where something is typed", () => {
    const { page, app } = show();
    const input = document.createElement("input");
    app.append(input);

    key(page, "1", { code: "Digit1" }, input);

    expect(page.work.value?.outputs()).toEqual({ t0: {}, t1: {} });
  });

  test("Ctrl+Enter with something missing goes to it", () => {
    const { page, textOf } = show();
    key(page, "1", { code: "Digit1" });

    key(page, "Enter", { code: "Enter", ctrlKey: true });

    expect(textOf("message")).toBe("Needs attention: 1");
    const second = document.querySelector('[data-task="t1"]');
    expect(second?.contains(document.activeElement)).toBe(true);
    expect(second?.textContent).toContain("must be filled in");
  });

  test("the question mark lists the keys, and no key acts below the list", () => {
    const { page, app } = show();

    key(page, "?", { code: "Slash", shiftKey: true });
    key(page, "1", { code: "Digit1" });

    expect(app.querySelector("dialog")?.textContent).toContain("Keyboard shortcuts");
    expect(page.work.value?.outputs()).toEqual({ t0: {}, t1: {} });
  });

  test("a pager shows one task, Next where Submit will be", () => {
    const { page, app, textOf } = show({}, "pager");

    const first = [app.querySelectorAll("[data-task]").length, textOf("next"), textOf("submit")];
    void act(() => page.moveTo(1));
    const last = [app.querySelectorAll("[data-task]").length, textOf("next"), textOf("submit")];

    expect(first).toEqual([1, "Next task", undefined]);
    expect(last).toEqual([1, undefined, "Submit"]);
  });

  test("a task that broke is said calmly, the cause in a preview alone", () => {
    const { page, textOf } = show({ preview: false });

    void act(() => page.work.value?.tasks[0]?.task.fail(new Error("view: the cause")));

    expect(textOf("broken-task")).toContain("It is not your fault");
    expect(textOf("broken-task")).not.toContain("the cause");
    expect(document.querySelector<HTMLButtonElement>('[data-testid="submit"]')?.disabled).toBe(
      true,
    );
  });

  test("the end says what was earned and shows the way back", () => {
    const reason = { code: "done", message: "That was all" };
    const { app, textOf } = show({ assignment: null, reason, preview: false });

    expect(textOf("ended")).toContain("That was all");
    expect(textOf("summary-earned")).toBe("$0.04");
    expect(app.querySelector<HTMLAnchorElement>('[data-testid="back"]')?.getAttribute("href")).toBe(
      "/back",
    );
    expect(textOf("submit")).toBeUndefined();
  });

  test("settings of the project hide parts of the page", () => {
    const settings = { showSkip: false, showTimer: false, showReward: false, showTitle: false };
    const project = { public_name: "Cats", instructions: "", view_spec: { settings } };
    const { app, textOf } = show({ project, preview: false });

    expect([textOf("timer"), textOf("reward")]).toEqual([undefined, undefined]);
    expect(app.textContent).not.toContain("Cats");
    expect(app.textContent).not.toContain("Skip");
  });
});
