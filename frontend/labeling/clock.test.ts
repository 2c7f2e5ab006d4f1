import { expect, test } from "vitest";
import { createClock, formatDuration, secondsUntil } from "./clock.ts";

test("the clock is the server's, carried on by what has elapsed here", () => {
  let elapsed = 5000;
  const clock = createClock(() => elapsed);

  clock.sync("2026-01-01T00:00:00Z");
  elapsed += 90_000;
  clock.tick();

  expect(new Date(clock.now.value).toISOString()).toBe("2026-01-01T00:01:30.000Z");
});

test("what is no time changes nothing", () => {
  const clock = createClock(() => 0);
  clock.sync("2026-01-01T00:00:00Z");

  clock.sync("soon");
  clock.sync(undefined);

  expect(new Date(clock.now.value).toISOString()).toBe("2026-01-01T00:00:00.000Z");
});

test("seconds left are whole and never below 0", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");

  expect(secondsUntil("2026-01-01T00:00:01.200Z", now)).toBe(2);
  expect(secondsUntil("2025-01-01T00:00:00Z", now)).toBe(0);
  expect(secondsUntil("never", now)).toBeUndefined();
});

test.each([
  [0, "0:00"],
  [65, "1:05"],
  [600, "10:00"],
  [3605, "1:00:05"],
])("%d seconds are %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});
