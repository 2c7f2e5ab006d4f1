/// <reference types="vitest/config" />
import { defineConfig } from "vite";
import { limitFirstLoad } from "./frontend/budget.ts";

const entries = { labeling: "frontend/labeling/main.tsx" };

export default defineConfig({
  base: "/static/build/",
  publicDir: false,
  build: {
    outDir: "static/build",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    // The polyfill would be one more inline-like script before the first task; our browsers have it.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: { input: entries },
  },
  plugins: [limitFirstLoad({ limitBytes: 60_000 })],
  test: {
    include: ["frontend/**/*.test.{ts,tsx}"],
    environment: "node",
    // Starting a DOM for every file anew would take longer than the tests.
    isolate: false,
    restoreMocks: true,
    unstubGlobals: true,
  },
});
