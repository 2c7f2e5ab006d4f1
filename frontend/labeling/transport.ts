/** Calls to the server: CSRF, time limits, and repeating until there is an answer. */
import { type Signal, signal } from "@preact/signals";
import { isJson } from "./protocol.ts";

const TIME_LIMIT_MS = 20_000;
const LONGEST_PAUSE_MS = 30_000;

export interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Transport {
  /** True from a failed attempt until the next answer. */
  readonly isOffline: Signal<boolean>;
  /** Sends until the server has answered; 5xx, 429 and silence are no answers. */
  send(method: "GET" | "POST", path: string, body?: unknown): Promise<Reply>;
  /** Sends once; undefined where there is no answer. */
  sendOnce(method: "GET" | "POST", path: string, body?: unknown): Promise<Reply | undefined>;
}

export function createTransport(api: string): Transport {
  const isOffline = signal(false);

  async function sendOnce(
    method: "GET" | "POST",
    path: string,
    body?: unknown,
  ): Promise<Reply | undefined> {
    const reply = await attempt(method, api + path, body);
    isOffline.value = reply === undefined || isTemporary(reply.status);
    return isOffline.value ? undefined : reply;
  }

  async function send(method: "GET" | "POST", path: string, body?: unknown): Promise<Reply> {
    let isCookieRenewed = false;
    for (let failures = 0; ; failures += 1) {
      const reply = await sendOnce(method, path, body);
      const isForgery = !reply?.body.code || reply.body.code === "CSRF_FAILED";
      if (reply?.status === 403 && method === "POST" && !isCookieRenewed && isForgery) {
        // The CSRF cookie may have gone; reading the state sets it anew.
        isCookieRenewed = true;
        await sendOnce("GET", "");
        continue;
      }
      if (reply) return reply;
      await pause(failures);
    }
  }

  return { isOffline, send, sendOnce };
}

async function attempt(method: string, url: string, body: unknown): Promise<Reply | undefined> {
  try {
    const response = await fetch(url, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(TIME_LIMIT_MS),
      headers: {
        Accept: "application/json",
        ...(method === "POST"
          ? { "Content-Type": "application/json", "X-CSRFToken": readCookie("csrftoken") }
          : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json().catch(() => undefined);
    if (isJson(answer)) return { status: response.status, body: answer };
    // A success that is no JSON comes from something in between, such as a hotel's log-in page.
    return response.ok ? undefined : { status: response.status, body: {} };
  } catch {
    // No connection, or none in time: the caller decides whether to try again.
    return undefined;
  }
}

function isTemporary(status: number): boolean {
  return status >= 500 || status === 429 || status === 408;
}

/** Waits longer each time, and no longer where the browser says that it is online again. */
function pause(failures: number): Promise<void> {
  const longest = Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** Math.min(failures, 5));
  const waitMs = longest * (0.5 + Math.random() / 2);
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      removeEventListener("online", finish);
      resolve();
    };
    const timer = setTimeout(finish, waitMs);
    addEventListener("online", finish);
  });
}

function readCookie(name: string): string {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}
