import { type ReadonlySignal, signal } from "@preact/signals";

export interface Clock {
  /** The server's time in milliseconds, moving on every second. */
  readonly now: ReadonlySignal<number>;
  /** Sets the clock by a time that the server has sent. */
  sync(serverTime: string | undefined): void;
  tick(): void;
}

/** The server's time, carried on by the browser's monotonic clock: the client's own is not trusted. */
export function createClock(elapsedMs: () => number = () => performance.now()): Clock {
  let offset = Date.now() - elapsedMs();
  const now = signal(offset + elapsedMs());
  const tick = () => {
    now.value = offset + elapsedMs();
  };
  return {
    now,
    tick,
    sync(serverTime) {
      const time = serverTime === undefined ? Number.NaN : Date.parse(serverTime);
      if (Number.isNaN(time)) return;
      offset = time - elapsedMs();
      tick();
    },
  };
}

/** Whole seconds until an ISO time, never below 0; undefined where it is no time. */
export function secondsUntil(time: string, nowMs: number): number | undefined {
  const end = Date.parse(time);
  return Number.isNaN(end) ? undefined : Math.max(0, Math.ceil((end - nowMs) / 1000));
}

/** 65 as "1:05", 3605 as "1:00:05". */
export function formatDuration(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((part, index) => (index === 0 ? part : String(part).padStart(2, "0"))).join(":");
}
