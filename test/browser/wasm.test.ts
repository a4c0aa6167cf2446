// Generated modules of WebAssembly in a headless browser, on one thread and on two.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BrowserRunner, bundleModule, openBrowser } from "../../targets/wgsl/browser.ts";
import { type Shipped, ship, tensorOf } from "../unit/wasm.fixtures.ts";

const tensors = {
  input: tensorOf([2, 3, 9, 8], (i) => Math.sin(i)),
  weight: tensorOf([4, 3, 3, 3], (i) => Math.cos(i * 3)),
};
const attributes = { padding: 1 };

interface Found {
  readonly result: unknown;
  readonly ran: {
    readonly threads: number;
    readonly relaxed: boolean;
    readonly why: string | undefined;
  };
}

describe("in a headless browser", { timeout: 60_000 }, () => {
  let browser: BrowserRunner;
  let page: string;
  let module: Shipped;
  beforeAll(async () => {
    const opened = await openBrowser();
    if ("unavailable" in opened) throw new Error(opened.unavailable);
    browser = opened;
    page = await bundleModule(join(import.meta.dirname, "wasm.page.ts"));
    module = await ship("conv2d", { schedule: { name: "by hand", steps: [["parallel"]] } });
  }, 60_000);
  afterAll(async () => {
    await module?.remove();
    await browser?.close();
  });

  const run = (threads: number, apart: boolean): Promise<Found> =>
    browser.evaluate<Found>(page, {
      text: readFileSync(`${module.folder}/conv2d.js`, "utf8"),
      source: new Uint8Array(readFileSync(`${module.folder}/conv2d.wasm`)),
      operator: "conv2d",
      threads,
      apart,
      tensors,
      attributes,
    });

  it.each([1, 2])("conv2d gives on %i threads what it gives in Node", async (threads) => {
    const node = await module.load();
    const expected = node.call(tensors, attributes);
    const { result, ran } = await run(threads, false);
    expect(ran.threads).toBe(threads);
    expect(ran.why).toBeUndefined();
    // Relaxed vectors round once where others round twice; this kernel has none.
    expect(result).toEqual(expected);
  });

  it("runs on one thread where memory may not be shared, and says so", async () => {
    const { result, ran } = await run(2, true);
    expect(ran.threads).toBe(1);
    expect(ran.why).toBe(
      "there is no SharedArrayBuffer: a page must be isolated from other origins",
    );
    expect(result).toEqual((await module.load()).call(tensors, attributes));
  });
});
