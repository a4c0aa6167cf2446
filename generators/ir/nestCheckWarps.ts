// Products of warps: the loop says for each thread what the instruction does, all threads come to it, and the
// shapes are those that there are.

import type { BufferDecl, Nest, Stmt } from "./nest.ts";
import { variable } from "./nest.ts";
import type { Report } from "./nestCheckTypes.ts";
import { visitBlock } from "./nestWalk.ts";
import { stepOf, warp } from "./warpProduct.ts";

/** Checks every product of a warp in `nest`. */
export function checkWarps(nest: Nest, report: Report): void {
  const buffers = new Map(nest.buffers.map((b) => [b.name, b]));
  visitBlock(nest.body, (s) => {
    if (s.kind !== "for" || !s.product) return;
    for (const wrong of faultsOf(s, nest, buffers)) report(s, wrong);
  });
}

function faultsOf(
  s: Extract<Stmt, { kind: "for" }>,
  nest: Nest,
  buffers: ReadonlyMap<string, BufferDecl>,
): readonly string[] {
  const { product, lo, hi, variable: step, body } = s;
  if (!product) return [];
  const faults: string[] = [];
  const { rows, columns, f, s: other, acc } = product;
  if (nest.group % warp.threads !== 0) faults.push(`${nest.group} threads are no whole warps`);
  if (rows % 16 !== 0 || columns % 8 !== 0)
    faults.push(`a warp has no product of ${rows} rows and ${columns} columns`);
  const [from, to] = [lo, hi].map((e) => (e.kind === "const" ? e.value : Number.NaN));
  if (from !== 0 || to !== warp.steps) faults.push(`a warp's product takes ${warp.steps} steps`);
  const [a, b] = [f, other].map(({ buffer }) => buffers.get(buffer));
  const type = a?.dtype;
  if (!a || !b || (type !== "f16" && type !== "bf16") || b.dtype !== type)
    return [...faults, "the factors of a warp's product are both f16 or both bf16"];
  if (a.place !== "shared" || b.place !== "shared")
    faults.push("the factors of a warp's product lie in shared memory");
  // Steps are read two at a time.
  for (const { stride } of [f, other])
    if (stride % 2 !== 0) faults.push(`rows of a warp's factor cannot be ${stride} apart`);
  if (buffers.get(acc)?.place !== "register") faults.push("a warp adds up in registers");
  const [outer] = body;
  const [inner] = outer?.kind === "for" ? outer.body : [];
  const names =
    outer?.kind === "for" && inner?.kind === "for"
      ? ([outer.variable, inner.variable] as const)
      : undefined;
  const says = names && stepOf(product, type, variable(step), names);
  if (!says || JSON.stringify(says) !== JSON.stringify(body))
    faults.push("the loop does not say what the warp's product does");
  return faults;
}
