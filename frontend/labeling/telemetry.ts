/** How a page was worked on; sent with the answers, read by quality rules. */

export interface TaskTelemetry {
  readonly seconds: number;
  /** Those of the seconds shortly after something was pressed, typed, moved or scrolled. */
  readonly active_seconds: number;
  readonly pastes: number;
}

export interface Telemetry {
  readonly tasks: Readonly<Record<string, TaskTelemetry>>;
  readonly focus_losses: number;
  /** Kinds of input used: keyboard, mouse, touch, pen. */
  readonly input: readonly string[];
}

export interface TelemetryRecorder {
  /** Forgets the page before and starts with these tasks. */
  restart(taskIds: readonly string[]): void;
  /** Counts the time since the last call for the task that is worked on, if the page is seen. */
  tick(taskId: string | undefined, isVisible: boolean): void;
  countInput(kind: string): void;
  /** Someone is there: moves, scrolls. */
  countPresence(): void;
  countPaste(taskId: string | undefined): void;
  countFocusLoss(): void;
  /** Seconds since the last sign of someone being there. */
  idleSeconds(): number;
  read(): Telemetry;
}

const ACTIVE_WITHIN_S = 10;

interface Counts {
  seconds: number;
  active: number;
  pastes: number;
}

export function createTelemetry(
  nowSeconds: () => number = () => performance.now() / 1000,
): TelemetryRecorder {
  let tasks = new Map<string, Counts>();
  let focusLosses = 0;
  let inputs = new Set<string>();
  let lastInputAt = nowSeconds();
  let countedUntil = nowSeconds();

  return {
    idleSeconds: () => nowSeconds() - lastInputAt,
    restart(taskIds) {
      tasks = new Map(taskIds.map((id) => [id, { seconds: 0, active: 0, pastes: 0 }]));
      focusLosses = 0;
      inputs = new Set();
      lastInputAt = nowSeconds();
      countedUntil = lastInputAt;
    },
    tick(taskId, isVisible) {
      const now = nowSeconds();
      const elapsed = now - countedUntil;
      countedUntil = now;
      const counts = taskId === undefined ? undefined : tasks.get(taskId);
      if (!counts || !isVisible) return;
      counts.seconds += elapsed;
      if (now - lastInputAt <= ACTIVE_WITHIN_S) counts.active += elapsed;
    },
    countInput(kind) {
      inputs.add(kind);
      lastInputAt = nowSeconds();
    },
    countPresence() {
      lastInputAt = nowSeconds();
    },
    countPaste(taskId) {
      const counts = taskId === undefined ? undefined : tasks.get(taskId);
      if (counts) counts.pastes += 1;
    },
    countFocusLoss() {
      focusLosses += 1;
    },
    read: () => ({
      tasks: Object.fromEntries([...tasks].map(([id, counts]) => [id, summarize(counts)])),
      focus_losses: focusLosses,
      input: [...inputs].sort(),
    }),
  };
}

function summarize({ seconds, active, pastes }: Counts): TaskTelemetry {
  const round = (value: number) => Math.round(value * 10) / 10;
  return { seconds: round(seconds), active_seconds: round(active), pastes };
}
