/**
 * `npm run --silent tb:run < case.json`: a case or an array of cases in, the results out, as JSON.
 * Vite runs the sources as they are, so that nothing has to be built before.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const { module } = await runnerImport(fileURLToPath(new URL("./run.ts", import.meta.url)), {
  configFile: false,
  logLevel: "silent",
  root: fileURLToPath(new URL("../..", import.meta.url)),
});
const cases = JSON.parse(readFileSync(0, "utf8"));
const results = Array.isArray(cases) ? cases.map(module.runCase) : module.runCase(cases);
process.stdout.write(`${JSON.stringify(results)}\n`);
