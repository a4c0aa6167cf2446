// A launch that does the same for each element of a buffer, a thread for each where there are groups.

import { type BufferDecl, i32, type Nest, type NestExpr, type Stmt, variable } from "../ir/nest.ts";
import { visitNestExpr } from "../ir/nestWalk.ts";
import type { PlanStep } from "../ir/plan.ts";
import { createNames } from "./names.ts";
import { int32, loopOf } from "./site.ts";

/** What is done for the element at an index, and the memory that it uses. */
export interface Elementwise {
  readonly buffers: readonly BufferDecl[];
  readonly body: readonly Stmt[];
}

/**
 * Runs `work` for each index below `count`, `group` of them a group; variables are called like nothing in `taken`.
 */
export function elementwise(
  name: string,
  count: NestExpr,
  { group, taken }: { readonly group: number; readonly taken: readonly string[] },
  work: (index: NestExpr) => Elementwise,
): PlanStep {
  const { fresh } = createNames(new Map(), [], taken);
  const [place, block, thread] = [fresh("index"), fresh("group"), fresh("thread")];
  const index = variable(place);
  const { buffers, body } = work(index);
  const alone = group === 1;
  const padded = int32("add", count, i32(group - 1));
  const groups = alone ? count : int32("quot", padded, i32(group));
  const value = int32("add", int32("mul", variable(block), i32(group)), variable(thread));
  const inside: NestExpr = { kind: "op", op: "lt", args: [index, count], type: "bool" };
  const guarded: readonly Stmt[] = [
    { kind: "let", name: place, type: "i32", value },
    { kind: "if", cond: inside, then: body, else: [] },
  ];
  const threads = loopOf(thread, i32(0), i32(group), "group", guarded);
  const nest: Nest = {
    name,
    scalars: scalarsIn(count),
    constants: [],
    buffers,
    group,
    body: alone
      ? [loopOf(place, i32(0), count, "grid", body)]
      : [loopOf(block, i32(0), groups, "grid", [threads])],
  };
  return { kind: "launch", nest, groups };
}

function scalarsIn(e: NestExpr): Nest["scalars"] {
  const found = new Map<string, Nest["scalars"][number]>();
  visitNestExpr(e, (x) => {
    if (x.kind === "var")
      found.set(x.name, { name: x.name, type: x.type === "f32" ? "f32" : "i32" });
  });
  return [...found.values()];
}
