// One unit of a distributed loop as loops of its own: values that other units need are kept in rows of memory.

import {
  type Block,
  type NestExpr,
  type Scalar,
  type Stmt,
  typeOf,
  variable,
} from "../../ir/nest.ts";
import { mapExprs, variablesOf } from "../../ir/nestWalk.ts";
import { copyBlock, type Fresh, mapBlock, replace } from "./names.ts";
import type { Resolve } from "./pieces.ts";

/** A row of memory: an element for each iteration. */
export interface Row {
  readonly buffer: string;
  readonly type: Exclude<Scalar, "bool">;
  readonly of: Scalar;
}

/** What units are written with. */
export interface Rows {
  /** The row of a variable that several units know, where it is one. */
  readonly rowOf: (name: string) => Row | undefined;
  /** Is a variable a sum that starts at +0, which adding 0 never changes? */
  readonly isSum: (name: string) => boolean;
  readonly resolve: Resolve;
  readonly fresh: Fresh;
}

const zero: NestExpr = { kind: "const", type: "i32", value: 0 };
const one: NestExpr = { kind: "const", type: "i32", value: 1 };

const loadFrom = ({ buffer, type, of }: Row, address: NestExpr): NestExpr => {
  const load: NestExpr = { kind: "load", buffer, address, type, width: 1 };
  return of === "bool" ? { kind: "op", op: "lt", args: [zero, load], type: "bool" } : load;
};

const storeInto = ({ buffer, of }: Row, address: NestExpr, value: NestExpr): Stmt => ({
  kind: "store",
  buffer,
  address,
  value: of === "bool" ? { kind: "select", cond: value, then: one, else: zero } : value,
  width: 1,
});

/** What an iteration does of a unit of plain statements, each value named once. */
export function writePlain(
  body: Block,
  at: NestExpr,
  { rowOf, isSum, resolve, fresh }: Rows,
): Block {
  const out: Stmt[] = [];
  const current = new Map<string, NestExpr>();
  const changed = new Set<string>();
  const named = (like: string, value: NestExpr): NestExpr => {
    if (value.kind === "var" || value.kind === "const") return value;
    const [name, type] = [fresh(like), typeOf(value)];
    out.push({ kind: "let", name, type, value });
    return variable(name, type);
  };
  const settle = (e: NestExpr): NestExpr => {
    for (const name of variablesOf(e)) {
      const row = rowOf(name);
      if (row && !current.has(name)) current.set(name, named(name, loadFrom(row, at)));
    }
    return replace(e, current);
  };
  for (const s of body) {
    const own = mapExprs(s, (e) => settle(resolve(e)));
    switch (own.kind) {
      case "let":
      case "local":
      case "set": {
        const value = own.kind === "local" ? own.init : own.value;
        if (own.kind === "set" && isSum(own.name) && addsNothing(value)) break;
        current.set(own.name, named(own.name, value));
        if (rowOf(own.name)) changed.add(own.name);
        break;
      }
      default:
        out.push(own);
    }
  }
  for (const name of changed) out.push(storeInto(rowOf(name)!, at, current.get(name)!));
  // Values that nothing keeps are none.
  return out.every(({ kind }) => kind === "let") ? [] : out;
}

const addsNothing = (e: NestExpr): boolean =>
  e.kind === "op" && e.op === "add" && isZero(e.args[1]);

const isZero = (e: NestExpr | undefined): boolean => e?.kind === "const" && Object.is(e.value, 0);

/** The same of a loop or condition that differs between iterations, which is run as it stands. */
export function writeApart(body: Block, at: NestExpr, rows: Rows): Block {
  const { rowOf, resolve, fresh } = rows;
  const used = new Set<string>();
  const set = new Set<string>();
  const resolved = mapBlock(body, (s) => {
    if (s.kind === "set") set.add(s.name);
    const own = mapExprs(s, (e) => {
      const value = resolve(e);
      for (const name of variablesOf(value)) used.add(name);
      return value;
    });
    return [own];
  });
  const kept = [...new Set([...used, ...set])].filter((name) => rowOf(name));
  const before = kept.map((name): Stmt => {
    const row = rowOf(name)!;
    return { kind: "local", name, type: row.of, init: loadFrom(row, at) };
  });
  const after = kept
    .filter((name) => set.has(name))
    .map((name) => storeInto(rowOf(name)!, at, variable(name, rowOf(name)!.of)));
  return copyBlock([...before, ...resolved, ...after], fresh);
}
