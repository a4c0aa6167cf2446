// After placement every value has a name. What is used once, by a statement of the same loop body, goes back
// to where it is used, unless the author named it; what is not used is dropped.

import type { Block, NestExpr, Stmt } from "../ir/nest.ts";
import {
  expressionsOf,
  mapExprs,
  mapOperands,
  operandsOf,
  variablesOf,
  visitBlock,
} from "../ir/nestWalk.ts";

type Let = Extract<Stmt, { kind: "let" }>;

/** An expression of more operations than this keeps its parts named, so that a line can be read. */
const longest = 8;

/** `block` without superfluous names; those in `kept` stay. */
export function tidy(block: Block, kept: ReadonlySet<string>): Block {
  const live = findLive(block);
  const uses = countUses(block, live);
  const single = (name: string) => uses.get(name) === 1 && !kept.has(name);

  /** `pending` are values that wait for their one use, in this block or one inside it. */
  const tidyBlock = (stmts: Block, pending: Map<string, Let>): Block => {
    const out: Stmt[] = [];
    const inline = (e: NestExpr): NestExpr => {
      if (e.kind !== "var") return mapOperands(e, inline);
      const s = pending.get(e.name);
      if (!s) return e;
      pending.delete(e.name);
      const value = inline(s.value);
      if (weigh(value) <= longest) return value;
      out.push({ ...s, value });
      return e;
    };
    /** Writes out what is pending among `names`, each with what only it uses inlined. */
    const flush = (names: readonly string[]) => {
      const groups: Stmt[][] = [];
      for (const name of names.toReversed()) {
        const s = pending.get(name);
        if (!s) continue;
        pending.delete(name);
        const start = out.length;
        const value = inline(s.value);
        groups.unshift([...out.splice(start), { ...s, value }]);
      }
      out.push(...groups.flat());
    };
    for (const s of stmts) {
      switch (s.kind) {
        case "let":
          if (!live.has(s.name)) break;
          if (single(s.name)) pending.set(s.name, s);
          else out.push(mapExprs(s, inline));
          break;
        case "for": {
          const header = mapExprs(s, inline) as typeof s;
          const inside = usedIn(s.body, pending);
          const stays = (name: string) => inside.has(name) && !isCheap(pending.get(name)!.value);
          flush([...pending.keys()].filter(stays));
          out.push({ ...header, body: tidyBlock(s.body, pending) });
          break;
        }
        case "if": {
          const cond = inline(s.cond);
          const then = tidyBlock(s.then, pending);
          out.push({ ...s, cond, then, else: tidyBlock(s.else, pending) });
          break;
        }
        case "barrier":
          flush([...pending.keys()]);
          out.push(s);
          break;
        default:
          out.push(mapExprs(s, inline));
      }
    }
    return out;
  };
  return tidyBlock(block, new Map());
}

/** The names that some effect depends on. */
function findLive(block: Block): ReadonlySet<string> {
  const values = new Map<string, NestExpr>();
  visitBlock(block, (s) => {
    if (s.kind === "let") values.set(s.name, s.value);
  });
  const live = new Set<string>();
  const mark = (e: NestExpr): void => {
    for (const name of variablesOf(e)) {
      if (live.has(name)) continue;
      live.add(name);
      const value = values.get(name);
      if (value) mark(value);
    }
  };
  visitBlock(block, (s) => {
    if (s.kind !== "let") expressionsOf(s).forEach(mark);
  });
  return live;
}

function countUses(block: Block, live: ReadonlySet<string>): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  visitBlock(block, (s) => {
    if (s.kind === "let" && !live.has(s.name)) return;
    for (const e of expressionsOf(s))
      for (const name of variablesOf(e)) uses.set(name, (uses.get(name) ?? 0) + 1);
  });
  return uses;
}

/** The names used in `block`, directly or through values that are still pending. */
function usedIn(block: Block, pending: ReadonlyMap<string, Let>): ReadonlySet<string> {
  const found = new Set<string>();
  const look = (e: NestExpr): void => {
    for (const name of variablesOf(e)) {
      if (found.has(name)) continue;
      found.add(name);
      const s = pending.get(name);
      if (s) look(s.value);
    }
  };
  visitBlock(block, (s) => expressionsOf(s).forEach(look));
  return found;
}

/** An address is written where it is used, also in a loop: compilers move what does not change out again. */
const isCheap = (e: NestExpr): boolean =>
  e.kind === "var" ||
  e.kind === "const" ||
  (e.kind === "op" &&
    e.type === "i32" &&
    (e.op === "add" || e.op === "sub" || e.op === "mul") &&
    e.args.every(isCheap));

/** How many operations and loads an expression is made of. */
const weigh = (e: NestExpr): number =>
  operandsOf(e).reduce((n, arg) => n + weigh(arg), e.kind === "var" || e.kind === "const" ? 0 : 1);
