import { describe, expect, test, vi } from "vitest";
import { collectStaticImports, gzippedBytes, limitFirstLoad } from "./budget.ts";

const chunk = (code: string, imports: string[], isEntry = false) => ({
  type: "chunk",
  code,
  imports,
  isEntry,
});

function build(bundle: Record<string, unknown>, limitBytes: number) {
  const plugin = limitFirstLoad({ limitBytes });
  const context = { error: vi.fn(), info: vi.fn() };
  const hook = plugin.generateBundle as unknown as (
    this: typeof context,
    options: unknown,
    bundle: unknown,
  ) => void;
  hook.call(context, {}, bundle);
  return context;
}

describe("the budget of the first load", () => {
  const bundle = {
    "main.js": chunk("main()", ["shared.js"], true),
    "shared.js": chunk("shared()", ["deep.js", "main.js"]),
    "deep.js": chunk("deep()", []),
    "lazy.js": chunk("x".repeat(100_000), []),
  };

  test("counts what an entry imports, however deep, once, and nothing on demand", () => {
    const imports = new Map(Object.entries(bundle).map(([name, { imports }]) => [name, imports]));

    expect(collectStaticImports("main.js", imports).sort()).toEqual([
      "deep.js",
      "main.js",
      "shared.js",
    ]);
  });

  test("fails the build past its limit, not at it", () => {
    const size = ["main()", "shared()", "deep()"].reduce(
      (sum, code) => sum + gzippedBytes(code),
      0,
    );

    expect(build(bundle, size).error).not.toHaveBeenCalled();
    expect(build(bundle, size - 1).error).toHaveBeenCalledOnce();
  });
});
