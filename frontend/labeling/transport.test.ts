// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createTransport } from "./transport.ts";

type Answer = Response | Error;

const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

function answerWith(...answers: Answer[]) {
  const fetched = vi.fn(async (_url: string, _options: RequestInit) => {
    const answer = answers.shift() ?? new Error("no more answers");
    if (answer instanceof Error) throw answer;
    return answer;
  });
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

beforeEach(() => {
  vi.useFakeTimers();
  // biome-ignore lint/suspicious/noDocumentCookie: the only way that jsdom has
  document.cookie = "csrftoken=token%3D1";
});
afterEach(() => {
  vi.useRealTimers();
});

describe("transport", () => {
  test("a post carries the CSRF token and its body", async () => {
    const fetched = answerWith(json(200, { ok: true }));

    const reply = await createTransport("/api").send("POST", "/x", { a: 1 });

    expect(reply).toEqual({ status: 200, body: { ok: true } });
    const [url, options] = fetched.mock.calls[0] ?? [];
    expect(url).toBe("/api/x");
    expect(options).toMatchObject({ method: "POST", body: '{"a":1}' });
    expect(options?.headers).toMatchObject({ "X-CSRFToken": "token=1" });
  });

  test("it sends until there is an answer, and says that it is offline meanwhile", async () => {
    const fetched = answerWith(
      new Error("no network"),
      new Response("<html>", { status: 502 }),
      json(429, {}),
      new Response("<html>log in to the hotel</html>", { status: 200 }),
      json(200, {}),
    );
    const transport = createTransport("/api");

    const sending = transport.send("POST", "/x", {});
    await vi.advanceTimersByTimeAsync(100);
    const during = transport.isOffline.value;
    await vi.advanceTimersByTimeAsync(60_000);

    expect((await sending).status).toBe(200);
    expect([during, transport.isOffline.value]).toEqual([true, false]);
    expect(fetched).toHaveBeenCalledTimes(5);
  });

  test("coming online ends the wait", async () => {
    const fetched = answerWith(new Error("no network"), json(200, {}));
    const sending = createTransport("/api").send("POST", "/x", {});
    await vi.advanceTimersByTimeAsync(1);

    dispatchEvent(new Event("online"));

    await sending;
    expect(fetched).toHaveBeenCalledTimes(2);
  });

  test("a refusal is an answer", async () => {
    answerWith(json(409, { code: "LEASE_LOST" }));

    const reply = await createTransport("/api").send("POST", "/x", {});

    expect(reply).toEqual({ status: 409, body: { code: "LEASE_LOST" } });
  });

  test("a lost CSRF cookie is renewed once", async () => {
    const refusal = () => new Response("<html>", { status: 403 });
    const fetched = answerWith(refusal(), json(200, {}), refusal());

    const reply = await createTransport("/api").send("POST", "/x", {});

    expect(reply.status).toBe(403);
    expect(fetched.mock.calls.map(([, options]) => options.method)).toEqual([
      "POST",
      "GET",
      "POST",
    ]);
  });

  test("sent once, silence is no answer", async () => {
    answerWith(new Error("no network"));

    expect(await createTransport("/api").sendOnce("GET", "")).toBeUndefined();
  });
});
