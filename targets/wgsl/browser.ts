// Kernels in a real headless browser: Chromium out of npm (nothing installed on the system), or the
// one that CHROME_PATH names, or the system's. Also runs any other script in its page.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser as Chromium } from "playwright-core";
import type { Executor, Unavailable } from "../contract/program.ts";
import type { RunnerOptions } from "./executor.ts";
import type { PageDevice, PageRequest } from "./page.ts";
import { unpackBundle } from "./unpack.ts";

/** A browser page that runs WGSL programs, and anything else. */
export interface BrowserRunner extends Executor {
  /** The browser, e.g. "Chromium 153.0.8010.0". */
  readonly browser: string;
  /**
   * Calls the default export of an ES module (its whole text; see bundleModule) in the page, and
   * gives what it returns. Arguments and results may hold typed arrays. The same text is loaded
   * once, so its state lasts from call to call.
   */
  evaluate<T>(moduleText: string, argument: unknown): Promise<T>;
}

interface Browser {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  readonly args: readonly string[];
}

const target = "wgsl";

/** Starts a headless browser with WebGPU. */
export async function openBrowser(
  options: RunnerOptions = {},
): Promise<BrowserRunner | Unavailable> {
  if (!(await importPlaywright())) return missing("playwright-core");
  const found = await launchBrowser();
  if ("unavailable" in found) return found;
  const { browser: launched, path } = found;
  const module = await loadPage();
  const texts = new Map<string, string>();
  const server = await serve(texts);
  const close = async () => {
    await launched.close();
    await new Promise((done) => server.close(done));
  };
  try {
    const page = await launched.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);

    const evaluate = async <T>(moduleText: string, argument: unknown): Promise<T> => {
      const path = `/${createHash("sha256").update(moduleText).digest("hex")}.js`;
      texts.set(path, moduleText);
      try {
        return (await page.evaluate((call) => (globalThis as unknown as Page).callModule(...call), [
          path,
          argument,
        ] as const)) as T;
      } catch (error) {
        // Playwright puts its own call before the page's message, and its stack after it.
        const text = error instanceof Error ? error.message : String(error);
        throw new Error(text.replace(/^page\.evaluate: (\w*Error: )?/, "").split("\n    at ")[0]);
      }
    };
    const ask = <T>(request: PageRequest) => evaluate<T>(module, request);
    const about = await ask<PageDevice | undefined>({ kind: "describe" });
    const browser = `Chromium ${launched.version()}`;
    if (!about) {
      await close();
      return { target, unavailable: `${browser} (${path}) has no WebGPU adapter` };
    }
    const device = {
      target,
      device: `${about.device} in ${browser}`,
      driver: about.driver || `of ${browser}`,
      hardware: about.hardware,
      ...(about.features && { features: about.features }),
    };
    return {
      browser,
      device,
      run: (program, job) => ask({ kind: "run", program, job, options }),
      evaluate,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What runs in the page, in one piece: a checkout makes it now, and the package's build made it. */
const loadPage = (): Promise<string> =>
  import.meta.url.endsWith(".ts")
    ? bundleModule(fileURLToPath(new URL("./page.ts", import.meta.url)))
    : readFile(new URL("./page.js", import.meta.url), "utf8");

const importPlaywright = () => import("playwright-core").catch(() => undefined);

/** Starts a headless browser, for those who open pages of their own in it. */
export async function launchBrowser(): Promise<
  { readonly browser: Chromium; readonly path: string } | Unavailable
> {
  const playwright = await importPlaywright();
  if (!playwright) return missing("playwright-core");
  const found = await findBrowser();
  if ("unavailable" in found) return found;
  const { path, args, env } = found;
  try {
    // Playwright makes a profile folder for this launch and removes it afterwards.
    const browser = await playwright.chromium.launch({
      executablePath: path,
      headless: true,
      args: [...commonArguments, ...args],
      env,
    });
    return { browser, path };
  } catch (error) {
    return { target, unavailable: explainLaunch(path, (error as Error).message) };
  }
}

// Playwright's message is long; a missing library is named somewhere in the middle.
function explainLaunch(path: string, message: string): string {
  const lines = message.split("\n");
  const line = lines.find((text) => text.includes("error while loading")) ?? lines[0] ?? "";
  return `the browser ${path} does not start: ${line.trim()}`;
}

/** A script with everything it imports as the text of one ES module for browsers; for checkouts, which have esbuild. */
export async function bundleModule(file: string): Promise<string> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    platform: "browser",
    format: "esm",
    target: "es2022",
    logLevel: "silent", // Errors reject; they need not be printed as well.
  });
  const text = outputFiles[0]?.text;
  if (text === undefined) throw new Error(`esbuild made nothing of ${file}`);
  return text;
}

const commonArguments = [
  "--no-sandbox", // The page holds only our own text, and root cannot use the sandbox.
  "--disable-gpu-sandbox",
  "--enable-unsafe-webgpu",
  "--enable-unsafe-swiftshader",
  "--disable-background-networking",
  "--disable-component-update",
];

const systemBrowsers = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

async function findBrowser(): Promise<Browser | Unavailable> {
  const env = process.env;
  const asked = env.CHROME_PATH;
  if (asked) {
    if (existsSync(asked)) return { path: asked, env, args: [] };
    return { target, unavailable: `CHROME_PATH names ${asked}, which does not exist` };
  }
  const folder = await unpackBundle("chromium");
  if (typeof folder === "string") {
    // Its own copies of the libraries that a bare system lacks; only this child sees them.
    const libraries = [join(folder, "lib"), env.LD_LIBRARY_PATH].filter(Boolean).join(":");
    return {
      path: join(folder, "chromium"),
      env: { ...env, LD_LIBRARY_PATH: libraries },
      args: ["--use-webgpu-adapter=swiftshader"],
    };
  }
  const path = systemBrowsers.find((candidate) => existsSync(candidate));
  if (path) return { path, env, args: [] };
  return { target, ...folder, unavailable: `there is no Chromium, and ${folder.unavailable}` };
}

// The page's own text: tools that run TypeScript rewrite an import() in a function of this file.
interface Page {
  callModule(url: string, argument: unknown): Promise<unknown>;
}
const html = `<!doctype html><title>kernels</title><script>
globalThis.callModule = async (url, argument) => (await import(url)).default(argument);
</script>`;

// WebGPU needs a secure context; 127.0.0.1 is one. The headers isolate the page, which gives it
// shared memory and a finer clock.
async function serve(texts: ReadonlyMap<string, string>) {
  const server = createServer((request, response) => {
    const text = request.url === "/" ? html : texts.get(request.url ?? "");
    response.writeHead(text === undefined ? 404 : 200, {
      "content-type": request.url === "/" ? "text/html" : "text/javascript",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    response.end(text);
  });
  await new Promise<void>((ready, failed) => {
    server.once("error", failed);
    server.listen(0, "127.0.0.1", ready);
  });
  return server;
}

function missing(name: string): Unavailable {
  return {
    target,
    unavailable: `the npm package ${name} is not installed`,
    install: `npm install ${name}`,
  };
}
