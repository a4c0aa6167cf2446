// What threads of a nest do together: barriers must be reached by all threads of a group, and no
// two threads may certainly write one element. Decided from which loops a value depends on.

import { unreachable } from "./expr.ts";
import type { Block, BufferDecl, Nest, NestExpr, Stmt } from "./nest.ts";
import type { Report } from "./nestCheckTypes.ts";
import { expressionsOf, operandsOf } from "./nestWalk.ts";

type For = Extract<Stmt, { kind: "for" }>;

/** What a value depends on: loops, and whether on memory that may have been written meanwhile. */
type Cause = For | "memory";
type Causes = ReadonlySet<Cause>;
const none: Causes = new Set();

/** A variable, by its defining statement; its causes grow until nothing changes. */
interface Variable {
  causes: Set<Cause>;
}

/** What stands around a statement. */
interface Around {
  readonly names: ReadonlyMap<string, Variable>;
  /** The loops around that are shared out among threads. */
  readonly shared: readonly For[];
  /** What decides whether the statement runs at all, and how often. */
  readonly control: Causes;
}

const isShared = (s: For): boolean => s.by === "grid" || s.by === "group" || s.by === "parallel";
const isSingle = (s: For): boolean =>
  s.lo.kind === "const" && s.hi.kind === "const" && s.hi.value - s.lo.value <= 1;

/** Checks barriers and writes of `nest`. */
export function checkThreads(nest: Nest, report: Report): void {
  const buffers = new Map(nest.buffers.map((b) => [b.name, b]));
  const variables = new Map<Stmt, Variable>();
  const variableOf = (s: Stmt): Variable => {
    const known = variables.get(s) ?? { causes: new Set<Cause>() };
    variables.set(s, known);
    return known;
  };
  let grown = true;
  const grow = (v: Variable, by: Causes) => {
    for (const cause of by)
      if (!v.causes.has(cause)) {
        v.causes.add(cause);
        grown = true;
      }
  };

  const addCauses = (
    e: NestExpr,
    names: ReadonlyMap<string, Variable>,
    found: Set<Cause>,
  ): void => {
    if (e.kind === "var") for (const cause of names.get(e.name)?.causes ?? none) found.add(cause);
    for (const x of operandsOf(e)) addCauses(x, names, found);
    if (e.kind === "load" && !isConstant(buffers.get(e.buffer))) found.add("memory");
  };
  const causesOf = (
    values: readonly NestExpr[],
    names: ReadonlyMap<string, Variable>,
  ): Set<Cause> => {
    const found = new Set<Cause>();
    for (const e of values) addCauses(e, names, found);
    return found;
  };

  const walk = (block: Block, around: Around, visit: (s: Stmt, around: Around) => void): void => {
    const names = new Map(around.names);
    for (const s of block) {
      const here = { ...around, names };
      visit(s, here);
      const causes = causesOf(expressionsOf(s), names);
      switch (s.kind) {
        case "for": {
          const inner = new Map(names).set(s.variable, variableOf(s));
          grow(variableOf(s), isShared(s) ? new Set([...causes, s]) : causes);
          const control = new Set([...around.control, ...causes]);
          const shared = isShared(s) ? [...around.shared, s] : around.shared;
          walk(s.body, { names: inner, shared, control }, visit);
          break;
        }
        case "if": {
          const control = new Set([...around.control, ...causes]);
          for (const inside of [s.then, s.else]) walk(inside, { ...here, control }, visit);
          break;
        }
        case "let":
        case "local":
          grow(variableOf(s), causes);
          names.set(s.name, variableOf(s));
          break;
        case "set": {
          const target = names.get(s.name);
          if (target) grow(target, new Set([...causes, ...around.control]));
          break;
        }
        case "store":
        case "accumulate":
        case "barrier":
          break;
        default:
          unreachable(s);
      }
    }
  };

  const outside: Around = { names: new Map(), shared: [], control: none };
  while (grown) {
    grown = false;
    walk(nest.body, outside, () => {});
  }
  walk(nest.body, outside, (s, around) => {
    if (s.kind === "barrier" || (s.kind === "for" && s.product))
      checkBarrier(s, around, report, s.kind === "barrier" ? "this barrier" : "a warp's product");
    if (s.kind !== "store" && s.kind !== "accumulate") return;
    const buffer = buffers.get(s.buffer);
    const causes = new Set([...causesOf([s.address], around.names), ...around.control]);
    if (buffer) checkWrite(s, buffer, nest, around, causes, report);
  });
}

/** Memory that cannot change while the nest runs. */
const isConstant = (buffer: BufferDecl | undefined): boolean =>
  buffer?.place === "global" && buffer.access === "read";

function checkBarrier(
  s: Stmt,
  { control, shared }: Around,
  report: Report,
  what = "this barrier",
): void {
  if (shared.some((l) => l.by === "parallel"))
    report(s, "a barrier stands inside a loop of CPU threads");
  for (const cause of control) {
    if (cause === "memory")
      report(s, `whether ${what} is reached depends on memory, so not all threads may agree`);
    else if (cause.by === "group")
      report(s, `whether ${what} is reached depends on the thread (${cause.variable})`);
  }
}

function checkWrite(
  s: Extract<Stmt, { kind: "store" | "accumulate" }>,
  buffer: BufferDecl,
  nest: Nest,
  around: Around,
  causes: Causes,
  report: Report,
): void {
  // Where memory decides, nothing is certain; atomic additions may meet.
  if (buffer.place === "register" || buffer.perWorker || causes.has("memory")) return;
  if (s.kind === "accumulate" && s.mode !== "plain") return;
  const inGroup = around.shared.some((l) => l.by === "group");
  if (nest.group > 1 && !inGroup)
    report(s, `all ${nest.group} threads of a group write one element of ${s.buffer}`);
  for (const loop of around.shared) {
    if (isSingle(loop) || causes.has(loop)) continue;
    if (buffer.place === "shared" && loop.by === "grid") continue;
    report(s, `the iterations of ${loop.by} ${loop.variable} all write one element of ${s.buffer}`);
  }
}
