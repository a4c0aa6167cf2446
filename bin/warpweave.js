#!/usr/bin/env node
// Starts the command line: compiled when installed, the TypeScript sources in a checkout.

import { existsSync } from "node:fs";

const isCheckout = existsSync(new URL("../generators/cli/main.ts", import.meta.url));
const compiled = new URL("../dist/generators/cli/main.js", import.meta.url);

async function load() {
  // In a checkout the sources are the truth, even when there is an older dist beside them.
  if (!isCheckout) return import(compiled.href);
  const tsx = await import("tsx/esm/api").catch(() => undefined);
  if (tsx === undefined) {
    process.stderr.write("error: this checkout has no packages yet; run `npm ci` in it first\n");
    process.exit(1);
  }
  tsx.register();
  return import(new URL("../generators/cli/main.ts", import.meta.url).href);
}

const { main } = await load();
await main();
