/** Answers begun, kept in the browser: they survive a reload, a closed tab and a lost network. */
import { isJson } from "./protocol.ts";

export interface TaskDraft {
  readonly output: unknown;
  readonly internal: unknown;
  readonly touched: readonly string[];
}

export interface DraftStore {
  read(taskId: string): TaskDraft | undefined;
  /** False where the browser refuses to keep anything. */
  write(drafts: Readonly<Record<string, TaskDraft>>): boolean;
  remove(): void;
}

const PREFIX = "draft:";
const KEPT_MS = 7 * 24 * 3600 * 1000;

export function openDrafts(sessionId: string, assignmentId: string): DraftStore {
  const key = `${PREFIX}${sessionId}:${assignmentId}`;
  const saved = readEntry(key);
  return {
    read(taskId) {
      const draft = saved?.tasks[taskId];
      if (!isJson(draft) || !isJson(draft.output)) return undefined;
      return {
        output: draft.output,
        internal: isJson(draft.internal) ? draft.internal : {},
        touched: Array.isArray(draft.touched) ? draft.touched.map(String) : [],
      };
    },
    write(tasks) {
      try {
        localStorage.setItem(key, JSON.stringify({ savedAt: Date.now(), tasks }));
        return true;
      } catch {
        // Full, or forbidden in a private window: the answer is then in this page alone.
        return false;
      }
    },
    remove() {
      try {
        localStorage.removeItem(key);
      } catch {
        // Forbidden storage holds nothing to remove.
      }
    },
  };
}

/** Removes what was begun long ago and never sent; its page is given back by now. */
export function removeOldDrafts(nowMs: number): void {
  try {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(PREFIX)) continue;
      const entry = readEntry(key);
      if (!entry || nowMs - entry.savedAt > KEPT_MS) localStorage.removeItem(key);
    }
  } catch {
    // Forbidden storage holds nothing to remove.
  }
}

function readEntry(
  key: string,
): { savedAt: number; tasks: Readonly<Record<string, unknown>> } | undefined {
  try {
    const entry: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
    if (!isJson(entry) || !isJson(entry.tasks) || typeof entry.savedAt !== "number") {
      return undefined;
    }
    return { savedAt: entry.savedAt, tasks: entry.tasks };
  } catch {
    return undefined;
  }
}
