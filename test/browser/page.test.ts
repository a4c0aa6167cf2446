// The page of examples/page in a real browser: from a file, without WebGPU, and where things go wrong.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { build, type Rolldown } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPage } from "../../examples/page/build.ts";
import { launchBrowser } from "../../targets/wgsl/browser.ts";

/** Scripts that run in the page before its own; as text, since the types here are those of Node. */
const scripts = {
  without: "Object.defineProperty(navigator, 'gpu', { value: undefined });",
  // Keeps the device, so that a test can destroy it.
  keep: `const open = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...given) {
      return (globalThis.device = await open.apply(this, given));
    };`,
  // An adapter whose buffers hold 2 MB.
  small: `for (const name of ["maxBufferSize", "maxStorageBufferBindingSize"])
      Object.defineProperty(GPUSupportedLimits.prototype, name, { get: () => 2 * 2 ** 20 });`,
  // Fractions of places, and with them all values between pixels, are a little off.
  wrong: `const create = GPUDevice.prototype.createShaderModule;
    GPUDevice.prototype.createShaderModule = function ({ code, ...rest }) {
      return create.call(this, { ...rest, code: code.replaceAll("floor(", "0.001 + floor(") });
    };`,
} as const;

const folder = mkdtempSync(join(tmpdir(), "page-test-"));
const address = pathToFileURL(join(folder, "index.html")).href;
let browser: Browser;

beforeAll(async () => {
  writeFileSync(join(folder, "index.html"), await buildPage());
  const opened = await launchBrowser();
  if ("unavailable" in opened) throw new Error(opened.unavailable);
  browser = opened.browser;
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** Opens the page; what it loads and what it complains about is collected. */
async function openPage(script: keyof typeof scripts, width = 1280) {
  const page = await browser.newPage({ viewport: { width, height: 800 } });
  const loaded: string[] = [];
  const complaints: string[] = [];
  page.on("request", (request) => void loaded.push(request.url()));
  page.on("pageerror", (error) => void complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.addInitScript(scripts[script]);
  await page.goto(address);
  await page.waitForSelector("html[data-first-picture]");
  return { page, loaded, complaints };
}

const textOf = (page: Page, id: string) => page.locator(`#${id}`).textContent();

/** The result as it is seen, RGBA by RGBA. */
const readPixels = (page: Page) =>
  page.evaluate<number[]>(`(() => {
    const { width, height } = document.getElementById("result");
    const context = document.getElementById("result").getContext("2d");
    return [...context.getImageData(0, 0, width, height).data];
  })()`);

/** Waits until WGSL and JavaScript were compared; gives the sentence about it. */
async function waitForAgreement(page: Page): Promise<string> {
  await page.waitForSelector("#agreement-found > span");
  return (await textOf(page, "agreement-found")) ?? "";
}

/** The result as one text, to tell that it changed. */
const printOf = (page: Page) =>
  page.evaluate<string>("document.getElementById('result').toDataURL()");

/** Waits until the result is not this one any more. */
const waitForChange = (page: Page, before: string) =>
  page.waitForFunction(
    `document.getElementById("result").toDataURL() !== ${JSON.stringify(before)}`,
    undefined,
    { polling: 100, timeout: 60_000 },
  );

async function dragTap(page: Page, tap: number, right: number): Promise<void> {
  const handle = page.locator("#loupe-marks .handle").nth(tap);
  const box = await handle.boundingBox();
  if (!box) throw new Error("the tap is not shown");
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + right, y, { steps: 3 });
  await page.mouse.up();
}

const largest = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);

describe("on WebGPU, from a file", () => {
  test("shows a picture, loads nothing else, agrees before and after a tap is dragged", async () => {
    const { page, loaded, complaints } = await openPage("keep");
    const time = await page.evaluate("document.documentElement.dataset.firstPicture");
    console.log(`first picture after ${time} ms; ${await textOf(page, "status")}`);
    expect(await textOf(page, "status")).toMatch(/^Computed by generated WGSL on \S+/);
    expect(await waitForAgreement(page)).toMatch(/ agree\. Largest difference \d/);
    const before = await readPixels(page);
    expect(new Set(before).size).toBeGreaterThan(50);
    // A line for each offset and one for each tap's gradient; then no more gradients, to save time.
    await page.getByText("WGSL, gradient").waitFor();
    expect(await page.locator("#loupe-marks line").count()).toBe(18);
    await page.getByLabel("Arrows").selectOption("none");

    const first = await printOf(page);
    await dragTap(page, 4, 60);
    await waitForChange(page, first);
    const dragged = await readPixels(page);
    expect(largest(before, dragged)).toBeGreaterThan(20);
    expect(await waitForAgreement(page)).toMatch(/ agree\. /);

    const handle = page.locator("#loupe-marks .handle").first();
    const columnOf = async () => Number(await handle.getAttribute("aria-valuenow"));
    const column = await columnOf();
    const moved = await printOf(page);
    await handle.focus();
    await page.keyboard.press("ArrowRight");
    expect(await columnOf()).toBeCloseTo(column + 0.25, 5);
    await waitForChange(page, moved);

    // A lost device is replaced, and computes again.
    await page.evaluate("globalThis.device.destroy()");
    await page.waitForSelector("#notes li");
    expect(await textOf(page, "notes")).toMatch(/device was lost .*another was opened/);
    const lost = await printOf(page);
    await page.getByRole("button", { name: "Rotated" }).click();
    await waitForChange(page, lost);
    expect(await textOf(page, "status")).toContain("WGSL");
    // The third time the page goes on without WebGPU.
    for (const notes of [2, 3]) {
      await page.evaluate("globalThis.device.destroy()");
      const note = page.locator("#notes li").nth(notes - 1);
      await note.waitFor();
    }
    await page.getByText("Computed by the generated JavaScript kernel").waitFor();
    expect(await textOf(page, "status")).toContain("lost 3 times");

    const others = loaded.filter((url) => !/^(blob|data):/.test(url));
    expect(others).toEqual([address]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("says so where a kernel is wrong", async () => {
    const { page } = await openPage("wrong");
    expect(await waitForAgreement(page)).toMatch(/DIFFER/);
    await page.close();
  });

  test("scales a huge photo that is dropped to what the adapter allows, and says so", async () => {
    const { page, complaints } = await openPage("small");
    expect(await textOf(page, "photo-caption")).toContain("buffers hold at most 2 MB");
    const before = await printOf(page);
    await page.evaluate(`(async () => {
      const canvas = new OffscreenCanvas(6000, 4000);
      canvas.getContext("2d").fillRect(1000, 1000, 3000, 2000);
      const file = new File([await canvas.convertToBlob()], "huge.png", { type: "image/png" });
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(file);
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
    })()`);
    await waitForChange(page, before);
    expect(await textOf(page, "photo-caption")).toMatch(
      /^huge\.png, \d+ × \d+ pixels, scaled from 6000 × 4000 since this adapter's/,
    );
    expect(await waitForAgreement(page)).toMatch(/ agree\. /);
    expect(complaints).toEqual([]);
    await page.close();
  });
});

describe("without WebGPU, on a narrow screen", () => {
  test("computes by JavaScript, fits, and descends the loss", async () => {
    const { page, complaints } = await openPage("without", 360);
    expect(await textOf(page, "status")).toMatch(/no WebGPU.*JavaScript kernel instead/);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
    await page.waitForFunction("document.getElementById('loss').textContent !== ''");
    const lossNow = async () => Number((await textOf(page, "loss"))?.replace("\u2212", "-"));
    const before = await lossNow();
    expect(before).toBeGreaterThan(0);
    const button = page.getByRole("button", { name: "Descend" });
    await button.click();
    await expect.poll(lossNow, { timeout: 30_000 }).toBeLessThan(0.8 * before);
    await page.getByRole("button", { name: "Stop" }).click();
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("takes a file that is no picture as what it is", async () => {
    const { page } = await openPage("without");
    const file = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("none") };
    await page.locator("input[type=file]").setInputFiles(file);
    await page.waitForSelector("#notes li");
    expect(await textOf(page, "notes")).toContain("notes.txt is no picture");

    // The sign is for files alone, and goes with them.
    const isShown = (event: string) =>
      page.evaluate<boolean>(`(() => {
        const file = new DataTransfer();
        file.items.add(new File(["none"], "a.png"));
        const text = new DataTransfer();
        text.setData("text/plain", "none");
        document.body.dispatchEvent(${event});
        return !document.getElementById("drop").hidden;
      })()`);
    const over = (what: string) =>
      `new DragEvent("dragover", { dataTransfer: ${what}, bubbles: true })`;
    expect(await isShown(over("text"))).toBe(false);
    expect(await isShown(over("file"))).toBe(true);
    const within = `new DragEvent("dragleave", { relatedTarget: document.body, bubbles: true })`;
    expect(await isShown(within)).toBe(true);
    expect(await isShown(`new DragEvent("dragleave", { bubbles: true })`)).toBe(false);
    await page.close();
  });
});

test("a Vite application holds one kernel, nothing of the compiler, and computes", async () => {
  const built = await build({
    root: join(import.meta.dirname, "../../examples/vite"),
    configFile: false,
    logLevel: "warn",
    build: { write: false },
  });
  const { output } = built as Rolldown.RolldownOutput;
  const [chunk, ...others] = output.filter((file) => file.type === "chunk");
  expect(others).toEqual([]);
  const modules = chunk!.moduleIds.filter((id) => !/vite\/|\0/.test(id));
  const root = join(import.meta.dirname, "../..");
  expect(modules.map((id) => relative(root, id))).toContain("generated/js/roi_align.js");
  for (const id of modules) expect(relative(root, id)).toMatch(/^(examples\/vite|generated\/js)\//);
  const bytes = Buffer.byteLength(chunk!.code);
  console.log(`the Vite application: ${bytes} bytes, ${gzipSync(chunk!.code).length} with gzip`);
  expect(bytes).toBeLessThan(30_000);

  const page = await browser.newPage();
  await page.setContent('<pre id="result"></pre>');
  await page.addScriptTag({ content: chunk!.code, type: "module" });
  // The mean of a linear picture over a part of the box is its value in the part's middle.
  const rows = [5, 7, 9, 11].map((row) =>
    [3, 5, 7, 9].map((column) => (row + column / 100).toFixed(2)).join("  "),
  );
  await expect.poll(() => textOf(page, "result")).toBe(["shape 1 × 1 × 4 × 4", ...rows].join("\n"));
  await page.close();
});
