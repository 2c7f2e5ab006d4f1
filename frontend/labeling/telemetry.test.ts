import { expect, test } from "vitest";
import { createTelemetry } from "./telemetry.ts";

test("seconds count for the task at hand while the page is seen, active ones after input", () => {
  let now = 100;
  const telemetry = createTelemetry(() => now);
  telemetry.restart(["a", "b"]);

  telemetry.countInput("mouse");
  now += 4;
  telemetry.tick("a", true);
  now += 20;
  telemetry.tick("a", true);
  now += 7;
  telemetry.tick("b", false);
  telemetry.countInput("keyboard");
  telemetry.countPaste("b");
  telemetry.countFocusLoss();
  now += 0.5;
  telemetry.tick("b", true);

  expect(telemetry.read()).toEqual({
    tasks: {
      a: { seconds: 24, active_seconds: 4, pastes: 0 },
      b: { seconds: 0.5, active_seconds: 0.5, pastes: 1 },
    },
    focus_losses: 1,
    input: ["keyboard", "mouse"],
  });
});

test("moving is being there, not a kind of input", () => {
  let now = 0;
  const telemetry = createTelemetry(() => now);
  telemetry.restart(["a"]);
  now += 100;

  telemetry.countPresence();
  now += 2;

  expect(telemetry.idleSeconds()).toBe(2);
  expect(telemetry.read().input).toEqual([]);
});

test("a new page starts from nothing", () => {
  let now = 0;
  const telemetry = createTelemetry(() => now);
  telemetry.restart(["a"]);
  telemetry.countPaste("a");
  now += 3;

  telemetry.restart(["b"]);
  telemetry.countPaste("gone");

  expect(telemetry.read()).toEqual({
    tasks: { b: { seconds: 0, active_seconds: 0, pastes: 0 } },
    focus_losses: 0,
    input: [],
  });
});
