import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const script = fileURLToPath(new URL("./tb-run.mjs", import.meta.url));

test("a case in gives its result out, an array an array", { timeout: 30_000 }, () => {
  const run = (cases: unknown) => {
    const { stdout, stderr } = spawnSync(process.execPath, [script], {
      input: JSON.stringify(cases),
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    return JSON.parse(stdout) as unknown;
  };
  const one = { expression: { type: "data.input", path: "a" }, input: { a: [1] } };

  expect(run(one)).toEqual({ value: [1] });
  expect(run([one, { config: { view: { type: "view.unheard-of" } } }])).toEqual([
    { value: [1] },
    { throws: 'view: type "view.unheard-of" is unknown' },
  ]);
});
