import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { Project, ts } from "ts-morph";
import { describe, expect, it } from "vitest";
import { languageFile } from "../../generators/frontend/paths.ts";
import { compilerOptions } from "../../generators/frontend/project.ts";
import { cases, frame } from "./cases.ts";

interface Said {
  readonly code: number;
  readonly message: string;
}
/** What a version of TypeScript says of each file, in order. */
type Errors = ReadonlyMap<string, readonly Said[]>;

/** Versions list the members of a union in different orders. */
const inOrder = (message: string): string =>
  message.replaceAll(/"\w+"(?: \| "\w+")+/g, (union) => union.split(" | ").sort().join(" | "));

const tokens = ["wrong", "right"] as const;
const files = cases.flatMap((c, i) =>
  tokens.map((token) => {
    const line = c.line.replaceAll("§", () => c[token]);
    expect(frame).toContain(c.place);
    const text = frame.replace(c.place, () => line).replace("HERE", "const given = 1;");
    return { name: `${token}${i}.ts`, text };
  }),
);

function group(said: readonly (Said & { readonly file: string })[]): Errors {
  const errors = new Map<string, Said[]>();
  for (const { file, code, message } of said)
    errors.set(file, [...(errors.get(file) ?? []), { code, message: inOrder(message) }]);
  return errors;
}

/** TypeScript 7 has no interface but its command. */
function checkWithCommand(): { version: string; errors: Errors } {
  const manifest = createRequire(import.meta.url).resolve("typescript/package.json");
  const tsc = join(dirname(manifest), "bin/tsc");
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [tsc, ...args], { encoding: "utf8" });
  const folder = mkdtempSync(join(tmpdir(), "misuse-"));
  try {
    for (const { name, text } of files) writeFileSync(join(folder, name), text);
    const options = {
      ...compilerOptions,
      target: "es2023",
      module: "esnext",
      moduleResolution: "bundler",
      lib: ["es2023"],
      paths: { warpweave: [languageFile] },
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options }));
    const { stdout } = run("-p", folder, "--pretty", "false");
    const lines = stdout.matchAll(/^(.+?)\(\d+,\d+\): error TS(\d+): (.*)$/gm);
    const errors = group(
      [...lines].map(([, file, code, message]) => ({
        file: basename(file!),
        code: Number(code),
        message: message!.trim(),
      })),
    );
    return { version: run("--version").stdout.trim(), errors };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function checkWithMorph(): { version: string; errors: Errors } {
  const project = new Project({ compilerOptions, skipAddingFilesFromTsConfig: true });
  for (const { name, text } of files) project.createSourceFile(`/misuse/${name}`, text);
  const errors = group(
    project.getPreEmitDiagnostics().map((d) => ({
      file: d.getSourceFile()?.getBaseName() ?? "",
      code: d.getCode(),
      message: ts.flattenDiagnosticMessageText(d.compilerObject.messageText, "\n").split("\n")[0]!,
    })),
  );
  return { version: `Version ${ts.version}`, errors };
}

describe.each([
  ["TypeScript 7", 7, checkWithCommand],
  ["the TypeScript of ts-morph", 6, checkWithMorph],
] as const)("%s", (_, major, check) => {
  const { version, errors } = check();

  it("is the version meant", () => expect(version).toMatch(new RegExp(`^Version ${major}\\.`)));

  it.each(cases.map((c, i) => ({ ...c, i })))("refuses $misuse", ({ i, code, message }) => {
    const [first] = errors.get(`wrong${i}.ts`) ?? [];
    expect(first?.code).toBe(code);
    if (message.endsWith("…")) expect(first?.message.startsWith(message.slice(0, -1))).toBe(true);
    else expect(first?.message).toBe(message);
    expect(errors.get(`right${i}.ts`) ?? []).toEqual([]);
  });

  it("complains of nothing else", () => {
    const known = new Set(files.map((f) => f.name));
    expect([...errors.keys()].filter((file) => !known.has(file))).toEqual([]);
  });
});

it("has at least fifteen kinds of misuse", () => expect(cases.length).toBeGreaterThanOrEqual(15));
