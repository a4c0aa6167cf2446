// What the modules of the installed package import: all of it must come with it, or say what to install.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import type { Folder } from "./cli.fixtures.ts";
import { about } from "./tarball.fixtures.ts";

/** Texts of generated modules, which are read and not run. */
const texts = /^dist\/generators\/adapters\/tfjs\/(layers|runtime)\//;

/** Modules for those who have the framework that they import, and the framework. */
const adapters = /^generated\/tfjs\//;
const framework = "@tensorflow/tfjs";

/** Loaded where TypeScript runs, so in checkouts alone. */
const ofCheckouts = ["esbuild", "tsx/esm/api"];

interface Found {
  readonly from: string;
  readonly kind: string;
  readonly path: string;
}

/** The name of the package that has a module. */
const packageOf = (path: string): string => /^(?:@[^/]+\/)?[^/]+/.exec(path)![0];

/** May a module import this, whoever installed the package? */
function isAllowed({ from, kind, path }: Found): boolean {
  const name = packageOf(path);
  if (isBuiltin(path) || name in about.dependencies) return true;
  if (kind === "dynamic-import")
    return name in about.peerDependencies || ofCheckouts.includes(path);
  return name === framework && adapters.test(from);
}

/** The tests of what the package's modules import. */
export function describeImports(installed: () => Folder): void {
  describe("modules of the installed package", () => {
    let files: readonly string[];
    let imports: readonly Found[];

    beforeAll(async () => {
      const root = installed().path("node_modules/warpweave");
      const all = readdirSync(root, { recursive: true, encoding: "utf8" });
      files = all
        .map((path) => path.replaceAll(sep, "/"))
        .filter((path) => /\.c?js$/.test(path) && !texts.test(path));
      const { metafile } = await build({
        absWorkingDir: root,
        entryPoints: [...files],
        bundle: true,
        write: false,
        outdir: "none",
        metafile: true,
        platform: "node",
        format: "esm",
        packages: "external",
        logLevel: "silent", // Errors reject, so a relative import that leads nowhere does.
      });
      imports = Object.entries(metafile.inputs).flatMap(([from, input]) =>
        input.imports
          .filter(({ external }) => external)
          .map(({ kind, path }) => ({ from, kind, path })),
      );
    });

    test("import dependencies; optional peers only where their absence is met", () => {
      const packages = new Set(imports.map(({ path }) => path).filter((path) => !isBuiltin(path)));
      expect(packages).toContain("ts-morph");
      expect(imports.filter((found) => !isAllowed(found))).toEqual([]);
    });

    test.each([
      { from: "dist/a.js", kind: "import-statement", path: "handlebars" },
      { from: "dist/a.js", kind: "import-statement", path: "koffi" },
      { from: "dist/a.js", kind: "dynamic-import", path: "pngjs" },
      { from: "dist/a.js", kind: "import-statement", path: "@tensorflow/tfjs" },
    ])("a planted import is found: $kind of $path", (found) => {
      expect(isAllowed(found)).toBe(false);
    });

    test("and no dependency is installed for nothing", () => {
      const used = new Set(imports.map(({ path }) => packageOf(path)));
      expect(Object.keys(about.dependencies).filter((name) => !used.has(name))).toEqual([]);
    });

    test("find the files that they read beside them", () => {
      const root = installed().path("node_modules/warpweave");
      const named = files.flatMap((from) => {
        const text = readFileSync(join(root, from), "utf8");
        const found = text.matchAll(/new URL\("([^"]+)", import\.meta\.url\)/g);
        return [...found].map(([, path]) => ({ from, path: path! }));
      });
      // What runs in checkouts alone asks first whether it is in one.
      const inSources = ["bench/command.ts", "targets/wgsl/page.ts", "generators/cli/main.ts"];
      const lost = named.filter(({ from, path }) => {
        const address = fileURLToPath(new URL(path, pathToFileURL(join(root, from))));
        return !existsSync(address) && !inSources.some((source) => address.endsWith(source));
      });
      expect(named.length).toBeGreaterThan(20);
      expect(lost).toEqual([]);
    });

    test("what runs in a browser's page is one file", () => {
      const from = "dist/targets/wgsl/page.js";
      expect(files).toContain(from);
      const text = readFileSync(installed().path(join("node_modules/warpweave", from)), "utf8");
      expect(text).not.toMatch(/^import\b/m);
      expect(text).toMatch(/\bas default\b/);
    });

    test("what comes along has its licence beside it", () => {
      const folder = installed().path("node_modules/warpweave/dist/vendor");
      const names = readdirSync(folder);
      const scripts = names.filter((name) => name.endsWith(".cjs"));
      expect(scripts).toEqual(["handlebars.cjs", "wabt.cjs"]);
      for (const name of scripts) expect(names).toContain(name.replace(".cjs", ".LICENSE"));
    });
  });
}
