import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { registry } from "./components/index.ts";
import { type RunCase, runCase } from "./run.ts";

const FOLDER = new URL("../../tests/cases/template-builder/", import.meta.url);

type Case = RunCase & { name: string; trace?: unknown; value?: unknown; throws?: string };

const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
const casesOf = (file: string): Case[] => JSON.parse(readFileSync(new URL(file, FOLDER), "utf8"));

describe.each(files)("%s", (file) => {
  test.each(casesOf(file).map((one) => [one.name, one] as const))("%s", (_name, one) => {
    const { trace, value, throws } = one;

    const result = runCase(one);

    const expected = trace ? { trace } : throws === undefined ? { value } : { throws };
    expect(result).toEqual(expected);
  });
});

test("every component stands in a case", () => {
  const text = files.map((file) => readFileSync(new URL(file, FOLDER), "utf8")).join("\n");

  const missing = [...registry.keys()].filter((type) => !text.includes(`"type": "${type}"`));

  expect(missing).toEqual([]);
});
