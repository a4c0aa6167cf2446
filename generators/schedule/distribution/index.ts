// Loop distribution: a loop around statements becomes loops around its innermost ones, so that each of these can run
// several iterations at once. What is the same for all iterations stands between them and runs once; what an iteration
// keeps from one of these loops to another lies in a row of memory, an element for each iteration.

import { type Block, i32, type NestExpr, type Scalar, type Stmt, variable } from "../../ir/nest.ts";
import { expressionsOf, mapOperands, variablesOf, visitBlock } from "../../ir/nestWalk.ts";
import { joinBranches } from "./join.ts";
import type { Fresh } from "./names.ts";
import { cutBlock, type Piece, type Unit } from "./pieces.ts";
import { convertConditions, freeFlags, settleUnset } from "./straighten.ts";
import { type Range, runSerially, runUnswitched } from "./strips.ts";
import { type Row, type Rows, writeApart, writePlain } from "./units.ts";
import { type For, findVariance, isAddress, loadsOf, type Variance } from "./varying.ts";

/** What a loop is distributed with. */
export interface Distribution {
  /** How many iterations run at once; with 1, no iteration keeps anything in memory. */
  readonly by: number;
  readonly fresh: Fresh;
  /** A new row of memory, named like a variable. */
  readonly newRow: (like: string, type: Row["type"]) => string;
  /** Does a name stay the same throughout the launch? */
  readonly isFixed: (name: string) => boolean;
}

/** Why a loop cannot be distributed, or nothing. */
function refuseDistribution({ body }: For): string | undefined {
  const read = new Set<string>();
  const written = new Set<string>();
  visitBlock(body, (s) => {
    for (const { buffer } of expressionsOf(s).flatMap(loadsOf)) read.add(buffer);
    if (s.kind === "store" || s.kind === "accumulate") written.add(s.buffer);
  });
  const both = [...written].find((buffer) => read.has(buffer));
  return both === undefined ? undefined : `an iteration reads ${both}, which others write`;
}

/** A loop whose iterations are independent, as loops around its innermost statements; it begins with a whole strip. */
export function distributeLoop(loop: For, options: Distribution): Block {
  const { by, fresh, newRow, isFixed } = options;
  const refused = refuseDistribution(loop);
  if (refused !== undefined) throw new Error(refused);
  const look = (body: Block): Variance => findVariance(loop.variable, body);
  const flagged = freeFlags(loop.body);
  const straight = convertConditions(flagged, look(flagged), fresh);
  const body = settleUnset(joinBranches(straight, look(straight), fresh));
  const variance = look(body);

  const isAnew = findAnew(body, variance);
  const resolve = (e: NestExpr): NestExpr => {
    if (e.kind === "var" && isAnew(e.name)) return resolve(variance.definition(e.name)!);
    return mapOperands(e, resolve);
  };
  const pieces = cutBlock(body, variance, resolve, isAnew);
  const kept = findKept(pieces, variance, resolve);
  if (by === 1 && kept.size > 0) return [loop];
  const rows = makeRows(kept, newRow);
  const writing: Rows = { rowOf: (name) => rows.get(name), isSum: findSums(body), resolve, fresh };

  const before: Stmt[] = [];
  const named = (hint: string, value: NestExpr): NestExpr => {
    if (value.kind === "const" || value.kind === "var") return value;
    const name = fresh(hint);
    before.push({ kind: "let", name, type: "i32", value });
    return variable(name);
  };
  const range = rangeOf(loop, by, fresh, named);
  const at = variable(loop.variable);
  const isOpen = (e: NestExpr): boolean => [...variablesOf(e)].some((name) => !isFixed(name));
  const write = (list: readonly Piece[]): Block =>
    list.flatMap((piece): Block => {
      switch (piece.kind) {
        case "same":
          return [piece.statement];
        case "unit": {
          if (piece.body.some((s) => s.kind === "for" || s.kind === "if"))
            return runSerially(range, writeApart(piece.body, at, writing));
          const plain = writePlain(piece.body, at, writing);
          return piece.by === "serial"
            ? runSerially(range, plain)
            : runUnswitched(range, plain, isOpen);
        }
        case "around": {
          const [first, second] = piece.inner.map(write);
          const { statement } = piece;
          return statement.kind === "for"
            ? [{ ...statement, body: first! }]
            : [{ ...statement, then: first!, else: second! }];
        }
        default:
          return piece satisfies never;
      }
    });
  const written = write(pieces);
  return [...before, ...written];
}

function rangeOf(
  { variable: name, lo, hi }: For,
  by: number,
  fresh: Fresh,
  named: (hint: string, value: NestExpr) => NestExpr,
): Range {
  if (by === 1) return { variable: name, lo, hi, by, first: lo, strips: hi, rest: hi, fresh };
  const op = (kind: "quot" | "mul", a: NestExpr): NestExpr =>
    a.kind === "const"
      ? i32(kind === "mul" ? a.value * by : Math.floor(a.value / by))
      : { kind: "op", op: kind, args: [a, i32(by)], type: "i32" };
  const first = op("quot", lo);
  const strips = named("strips", op("quot", hi));
  return {
    variable: name,
    lo,
    hi,
    by,
    first,
    strips,
    rest: named("rest", op("mul", strips)),
    fresh,
  };
}

/** Which values are made anew where they are used: addresses, and single elements beside each other in memory. */
function findAnew(body: Block, { varies, stride, definition }: Variance) {
  const mutable = new Set<string>();
  visitBlock(body, (s) => {
    if (s.kind === "local") mutable.add(s.name);
  });
  const known = new Map<string, boolean>();
  const isStill = (e: NestExpr): boolean =>
    [...variablesOf(e)].every((x) => !mutable.has(x) && (!varies(variable(x)) || isSteady(x)));
  const isSteady = (name: string): boolean => definition(name) === undefined || isAnew(name);
  /** An element, or 0 where a test that all iterations share says so. */
  const isElement = (e: NestExpr): boolean => {
    if (e.kind === "select")
      return !varies(e.cond) && isElement(e.then) && (isElement(e.else) || !varies(e.else));
    if (e.kind === "cast") return isElement(e.arg);
    return e.kind === "load" && stride(e.address) === 1;
  };
  const isAnew = (name: string): boolean => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const value = definition(name);
    known.set(name, false);
    const is =
      value !== undefined &&
      varies(value) &&
      isStill(value) &&
      (isAddress(value) || isElement(value));
    known.set(name, is);
    return is;
  };
  return isAnew;
}

/** Which variables are sums that start at +0: they are never -0. */
function findSums(body: Block): (name: string) => boolean {
  const starts = new Set<string>();
  const others = new Set<string>();
  visitBlock(body, (s) => {
    if (s.kind === "local" && s.init.kind === "const" && Object.is(s.init.value, 0))
      starts.add(s.name);
    if (s.kind !== "set") return;
    const { value } = s;
    const [first] = value.kind === "op" && value.op === "add" ? value.args : [];
    if (first?.kind !== "var" || first.name !== s.name) others.add(s.name);
  });
  return (name) => starts.has(name) && !others.has(name);
}

/** The variables that several units know, and their types. */
function findKept(
  pieces: readonly Piece[],
  { varies }: Variance,
  resolve: (e: NestExpr) => NestExpr,
): ReadonlyMap<string, Scalar> {
  const types = new Map<string, Scalar>();
  const units = new Map<string, Set<Unit>>();
  const note = (name: string, unit: Unit) => {
    const known = units.get(name) ?? new Set();
    units.set(name, known.add(unit));
  };
  const look = (list: readonly Piece[]): void => {
    for (const piece of list) {
      if (piece.kind === "around") piece.inner.forEach(look);
      if (piece.kind !== "unit") continue;
      visitBlock(piece.body, (s) => {
        if (s.kind === "let" || s.kind === "local") types.set(s.name, s.type);
        if (s.kind === "let" || s.kind === "local" || s.kind === "set") note(s.name, piece);
        for (const e of expressionsOf(s))
          for (const name of variablesOf(resolve(e))) note(name, piece);
      });
    }
  };
  look(pieces);
  const isKept = (name: string): boolean => units.get(name)!.size > 1 && varies(variable(name));
  return new Map([...types].filter(([name]) => isKept(name)));
}

/** A row of memory for each variable. */
function makeRows(
  kept: ReadonlyMap<string, Scalar>,
  newRow: Distribution["newRow"],
): ReadonlyMap<string, Row> {
  return new Map(
    [...kept].map(([name, of]): [string, Row] => {
      const type = of === "bool" ? "i32" : of;
      return [name, { buffer: newRow(name, type), type, of }];
    }),
  );
}
