import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const readRoot = (name: string): string =>
  readFileSync(new URL(`../${name}`, import.meta.url), "utf8");

interface LockedPackage {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const readLock = (): Record<string, LockedPackage> =>
  JSON.parse(readRoot("package-lock.json")).packages;

test("the lock file names no registry, so that any mirror can serve it", () => {
  const packages = Object.entries(readLock()).filter(([name]) => name !== "");

  expect(packages.filter(([, one]) => one.resolved !== undefined)).toEqual([]);
  expect(packages.filter(([, one]) => one.integrity === undefined)).toEqual([]);
});

test("every optional package is locked too: npm ci takes no lock file that lacks one", () => {
  const packages = readLock();
  const optional = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies),
  );

  const names = Object.keys(packages).map((path) => path.split("node_modules/").at(-1));

  expect(optional.filter((name) => !names.includes(name))).toEqual([]);
});

test("every dependency is pinned exactly", () => {
  const { dependencies, devDependencies } = JSON.parse(readRoot("package.json"));

  const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version)),
  );

  expect(loose).toEqual([]);
});
