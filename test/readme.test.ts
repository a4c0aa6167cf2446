import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { compile } from "../generators/compile.ts";
import { readOperator } from "../generators/frontend/operator.ts";
import type { Manifest } from "../generators/manifest/manifest.ts";
import { findTarget, targets } from "../targets/registry.ts";

// What the README shows is what there is. UPDATE_README=1 writes it anew.

const at = (path: string) => new URL(`../${path}`, import.meta.url);
const readme = readFileSync(at("README.md"), "utf8");

/** Operators by targets: how many entry points forward and backward, as the manifest has them. */
function matrix(): string {
  const manifest = JSON.parse(readFileSync(at("generated/manifest.json"), "utf8")) as Manifest;
  const names = targets.map((t) => t.name);
  const rows = Object.entries(manifest.operators).map(([operator, { doc, kernels }]) => {
    const count = (role: string, name: string) =>
      kernels[role as keyof typeof kernels]?.targets[name]?.entries.length ?? 0;
    const cells = names.map((name) => `${count("forward", name)} + ${count("backward", name)}`);
    return `| [\`${operator}\`](docs/operators/${operator}.md) | ${doc} | ${cells.join(" | ")} |`;
  });
  const rule = ["---", "---", ...names.map(() => ":-:")].join("|");
  return [`| operator | what | ${names.join(" | ")} |`, `|${rule}|`, ...rows].join("\n");
}

/** The first function of the example's CUDA text, from its signature on. */
function excerpt(): string {
  const path = at("examples/flow_warp.ts").pathname;
  const { files } = compile(readOperator(path), findTarget("cuda"));
  const text = files.get("cuda/flow_warp.cu")!;
  const start = text.indexOf('extern "C"');
  expect(start).toBeGreaterThan(0);
  return text.slice(start).trim();
}

const between = (start: string, end: string, text: string) => {
  const from = text.indexOf(start) + start.length;
  return { from, to: text.indexOf(end, from) };
};

it.each([
  ["matrix", "<!-- matrix -->\n", "\n<!-- /matrix -->", matrix],
  [
    "example",
    "examples/flow_warp.ts)):\n\n```ts\n",
    "```\n",
    () => readFileSync(at("examples/flow_warp.ts"), "utf8"),
  ],
  ["CUDA text", "```cuda\n", "\n```", excerpt],
] as const)("the %s in the README is what there is", (_, start, end, make) => {
  const now = readFileSync(at("README.md"), "utf8");
  const { from, to } = between(start, end, now);
  if (process.env.UPDATE_README === "1")
    writeFileSync(at("README.md"), now.slice(0, from) + make() + now.slice(to));
  else expect(now.slice(from, to)).toBe(make());
});

it("has no placeholder left", () => {
  expect(readme).not.toMatch(/[A-Z]+_(OUTPUT|EXCERPT)/);
});
