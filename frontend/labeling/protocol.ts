/** What the server says, as types, and the checks where it comes in. */

export interface SessionState {
  readonly id: string;
  readonly status: string;
  readonly progress: { readonly submitted: number; readonly total: number | null };
  /** Decimal text. */
  readonly earned: string;
  readonly currency: string;
  readonly can_skip: boolean;
}

export interface TaskState {
  readonly id: string;
  readonly kind: "ordinary" | "training";
  readonly input_values: Readonly<Record<string, unknown>>;
}

export interface AssignmentState {
  readonly id: string;
  /** ISO, UTC. */
  readonly expires_at: string;
  /** Decimal text. */
  readonly reward: string;
  readonly tasks: readonly TaskState[];
  /** Answers begun in another browser and kept on the server, by task. */
  readonly drafts?: Readonly<Record<string, unknown>>;
}

export interface Reason {
  readonly code: string;
  readonly message: string;
  readonly retry_after_s?: number;
}

export interface ProjectState {
  readonly public_name: string;
  readonly instructions: string;
  readonly view_spec: unknown;
}

export interface FeedbackItem {
  readonly task_id: string;
  readonly correct: boolean;
  readonly hint?: string;
}

/** What every answer of the server may hold of the page to show next. */
export interface Progress {
  readonly session?: SessionState;
  readonly assignment?: AssignmentState | null;
  readonly reason?: Reason;
  readonly feedback?: readonly FeedbackItem[];
  readonly server_time?: string;
}

export interface PageState extends Progress {
  readonly session: SessionState;
  readonly project: ProjectState;
  readonly assignment: AssignmentState | null;
  readonly urls: { readonly api: string; readonly back: string };
  readonly language: "en" | "ru";
  readonly preview?: boolean;
}

export interface ViewSettings {
  readonly showSkip: boolean;
  readonly showTimer: boolean;
  readonly showTitle: boolean;
  readonly showInstructions: boolean;
  readonly showFinish: boolean;
  readonly showReward: boolean;
}

type Json = Readonly<Record<string, unknown>>;

/** The inlined state. Raises where what the page cannot do without is missing. */
export function readPageState(value: unknown): PageState {
  if (!isJson(value)) throw new Error("state: must be an object");
  for (const key of ["session", "project", "urls"]) {
    if (!isJson(value[key])) throw new Error(`state.${key}: must be an object`);
  }
  return {
    ...(value as unknown as PageState),
    language: value.language === "ru" ? "ru" : "en",
  };
}

/** The part of an answer that changes the page; anything else in it is the caller's. */
export function readProgress(body: Json): Progress {
  const progress: { -readonly [Key in keyof Progress]: Progress[Key] } = {};
  if (isJson(body.session)) progress.session = body.session as unknown as SessionState;
  if (body.assignment === null || isJson(body.assignment)) {
    progress.assignment = body.assignment as AssignmentState | null;
  }
  const reason = readReason(body.reason);
  if (reason) progress.reason = reason;
  const feedback = readFeedback(body.feedback);
  if (feedback.length > 0) progress.feedback = feedback;
  if (typeof body.server_time === "string") progress.server_time = body.server_time;
  return progress;
}

/** A reason as an object, or as its bare code. */
export function readReason(value: unknown): Reason | undefined {
  if (typeof value === "string" && value !== "") return { code: value, message: "" };
  if (!isJson(value) || typeof value.code !== "string") return undefined;
  return {
    code: value.code,
    message: typeof value.message === "string" ? value.message : "",
    ...(typeof value.retry_after_s === "number" ? { retry_after_s: value.retry_after_s } : {}),
  };
}

/** Feedback comes by the id of the task. */
function readFeedback(value: unknown): FeedbackItem[] {
  if (!isJson(value)) return [];
  return Object.entries(value).flatMap(([taskId, item]) => {
    if (!isJson(item) || typeof item.correct !== "boolean") return [];
    const hint = typeof item.hint === "string" ? { hint: item.hint } : {};
    return [{ task_id: taskId, correct: item.correct, ...hint }];
  });
}

/** `payload` of a 422: for each task, the messages by output path. */
export function readFieldErrors(payload: unknown): Map<string, Map<string, string>> {
  const byTask = new Map<string, Map<string, string>>();
  if (!isJson(payload)) return byTask;
  for (const [key, problem] of Object.entries(payload)) {
    // Ids of tasks hold no dot, output paths may.
    const dot = key.indexOf(".");
    const taskId = dot < 0 ? key : key.slice(0, dot);
    const path = dot < 0 ? "" : key.slice(dot + 1);
    const errors = byTask.get(taskId) ?? new Map<string, string>();
    errors.set(path, messageOf(problem));
    byTask.set(taskId, errors);
  }
  return byTask;
}

function messageOf(problem: unknown): string {
  if (typeof problem === "string") return problem;
  if (Array.isArray(problem)) return problem.map(messageOf).join("\n");
  if (isJson(problem) && typeof problem.message === "string") return problem.message;
  return JSON.stringify(problem);
}

/** The config of a view spec: JSON text, as Toloka keeps it, or the object itself. */
export function readConfig(viewSpec: unknown): unknown {
  const config = isJson(viewSpec) && "config" in viewSpec ? viewSpec.config : viewSpec;
  return typeof config === "string" ? JSON.parse(config) : config;
}

/** Which parts of the page the project shows; all of them unless it says no. */
export function readSettings(viewSpec: unknown): ViewSettings {
  const settings = isJson(viewSpec) && isJson(viewSpec.settings) ? viewSpec.settings : {};
  const isShown = (name: string) => settings[name] !== false;
  return {
    showSkip: isShown("showSkip"),
    showTimer: isShown("showTimer"),
    showTitle: isShown("showTitle"),
    showInstructions: isShown("showInstructions"),
    showFinish: isShown("showFinish"),
    showReward: isShown("showReward"),
  };
}

export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
