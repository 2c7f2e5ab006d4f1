import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/**
 * Fails the build when an entry needs more than `limitBytes` of gzipped JavaScript, its static
 * imports included, before it can run. Chunks that are imported on demand do not count.
 */
export function limitFirstLoad({ limitBytes }: { limitBytes: number }): Plugin {
  return {
    name: "limit-first-load",
    apply: "build",
    generateBundle(_options, bundle) {
      const codes = new Map<string, string>();
      const imports = new Map<string, string[]>();
      const entries: string[] = [];
      for (const [fileName, output] of Object.entries(bundle)) {
        if (output.type !== "chunk") continue;
        codes.set(fileName, output.code);
        imports.set(fileName, output.imports);
        if (output.isEntry) entries.push(fileName);
      }
      for (const entry of entries) {
        const needed = collectStaticImports(entry, imports);
        const total = needed.reduce((sum, name) => sum + gzippedBytes(codes.get(name) ?? ""), 0);
        const line = `${entry}: ${total} bytes of gzipped JavaScript before the first task (limit ${limitBytes})`;
        if (total > limitBytes) this.error(line);
        this.info(line);
      }
    },
  };
}

export function collectStaticImports(
  entry: string,
  imports: ReadonlyMap<string, readonly string[]>,
): string[] {
  const found = new Set<string>([entry]);
  for (const name of found) for (const next of imports.get(name) ?? []) found.add(next);
  return [...found];
}

export function gzippedBytes(code: string): number {
  return gzipSync(code, { level: 9 }).byteLength;
}
