import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { registry } from "./components/index.ts";

test("every component has its row in the documentation, and no other has", () => {
  const page = readFileSync(new URL("../../docs/template-builder.md", import.meta.url), "utf8");

  const rows = [...page.matchAll(/^\| `((?:@\w+\/)?\w+\.[\w-]+)` \|/gm)].map(([, type]) => type);

  expect(rows.sort()).toEqual([...registry.keys()].sort());
});
