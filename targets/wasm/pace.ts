// Sums of products are added up in pairs of instructions, and engines keep each pair together: product, sum, product,
// sum. Cores that hand instructions to two schedulers by turns (AMD's since Zen) then have all products wait in one of
// them and all sums in the other. A number in between that counts steps changes whose turn it is, and costs next to
// nothing. Engines compute a value where the order of its uses puts it: what is kept amid the sums is counted amid them.

import {
  type Block,
  type BufferDecl,
  i32,
  type Nest,
  type NestExpr,
  type Stmt,
  variable,
} from "../../generators/ir/nest.ts";
import { blocksOf } from "../../generators/ir/nestWalk.ts";

/** Where the count of steps is kept: no memory, but a number of the module that nobody reads. */
export const kept: BufferDecl = {
  name: "pace.kept",
  place: "register",
  dtype: "i32",
  access: "write",
  shape: [],
  strides: [],
};

/** The count itself: names with a dot are nobody else's. */
const steps = "pace.steps";

/** Fewer sums are over before the turns matter. */
const least = 4;

type For = Extract<Stmt, { kind: "for" }>;

/** A vector to which a step adds a product. */
const isSum = (s: Stmt): s is Extract<Stmt, { kind: "set" }> =>
  s.kind === "set" &&
  (s.lanes ?? 1) > 1 &&
  s.value.kind === "op" &&
  s.value.op === "add" &&
  s.value.args.some((e) => e.kind === "var" && e.name === s.name) &&
  s.value.args.some((e) => e.kind === "op" && e.op === "mul");

/** The one innermost loop of a statement that adds up sums, and their names. */
function findSummed(
  s: Stmt,
): { readonly loop: For; readonly sums: ReadonlySet<string> } | undefined {
  const inner = blocksOf(s).flatMap((block) => block.flatMap((own) => findSummed(own) ?? []));
  if (inner.length > 0) return inner.length === 1 ? inner[0] : undefined;
  if (s.kind !== "for" || s.by === "parallel") return undefined;
  const sums = new Set(s.body.filter(isSum).map(({ name }) => name));
  return sums.size >= least ? { loop: s, sums } : undefined;
}

/** A statement with another one in place of an inner one. */
function replace(s: Stmt, from: Stmt, to: Stmt): Stmt {
  if (s === from) return to;
  const inBlock = (block: Block): Block => block.map((own) => replace(own, from, to));
  if (s.kind === "for") return { ...s, body: inBlock(s.body) };
  return s.kind === "if" ? { ...s, then: inBlock(s.then), else: inBlock(s.else) } : s;
}

/** Counts the steps of a loop whose sums a block stores one after another, and keeps the count amid them. */
function countSteps(block: Block): Block {
  for (const [at, s] of block.entries()) {
    const found = findSummed(s);
    if (!found) continue;
    const { loop, sums } = found;
    const stores = block.flatMap((own, i) =>
      i > at && own.kind === "store" && own.value.kind === "var" && sums.has(own.value.name)
        ? [i]
        : [],
    );
    if (stores.length < least) continue;
    const next: NestExpr = { kind: "op", op: "add", args: [variable(steps), i32(1)], type: "i32" };
    const counted = { ...loop, body: [...loop.body, { kind: "set", name: steps, value: next }] };
    const middle = stores[stores.length >> 1]!;
    return [
      ...block.slice(0, at),
      { kind: "local", name: steps, type: "i32", init: i32(0) },
      replace(s, loop, counted as For),
      ...block.slice(at + 1, middle),
      { kind: "store", buffer: kept.name, address: i32(0), value: variable(steps), width: 1 },
      ...block.slice(middle),
    ];
  }
  return block.map((s): Stmt => {
    if (s.kind === "for") return { ...s, body: countSteps(s.body) };
    if (s.kind === "if") return { ...s, then: countSteps(s.then), else: countSteps(s.else) };
    return s;
  });
}

/** `nest` with a count in each loop of products whose sums are stored together. */
export function addPace(nest: Nest): Nest {
  return { ...nest, body: countSteps(nest.body), buffers: [...nest.buffers, kept] };
}
