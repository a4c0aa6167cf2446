// What vector loops and loops of CPU threads may hold, so that lanes and threads can run in any order.

import { unreachable } from "./expr.ts";
import type { Block, Nest, NestExpr, Stmt } from "./nest.ts";
import type { Report } from "./nestCheckTypes.ts";
import { distance, expand, type Sum, strideOf } from "./nestLinear.ts";
import { blocksOf, operandsOf, variablesOf } from "./nestWalk.ts";

type For = Extract<Stmt, { kind: "for" }>;

const extents: readonly number[] = [4, 8, 16];

/** Checks the vector loops of `nest`, and where its loop of CPU threads stands. */
export function checkVectors(nest: Nest, report: Report): void {
  const changing = new Set<string>();
  const walk = (block: Block, values: ReadonlyMap<string, NestExpr>, top: boolean): void => {
    const known = new Map(values);
    for (const s of block) {
      if (s.kind === "let" && isFixed(s.value, changing)) known.set(s.name, s.value);
      if (s.kind === "local") changing.add(s.name);
      if (s.kind === "for" && s.by === "parallel" && !top)
        report(s, "a loop of CPU threads must be the outermost loop");
      if (s.kind === "for" && s.by === "vector") checkVector(s, known, report);
      else for (const inside of blocksOf(s)) walk(inside, known, false);
    }
  };
  walk(nest.body, new Map(), true);
  checkParallel(nest, report);
}

/** Is it the same wherever it stands, so that a name can be replaced by it? */
const isFixed = (e: NestExpr, changing: ReadonlySet<string>): boolean =>
  e.kind === "var"
    ? !changing.has(e.name)
    : e.kind !== "load" && operandsOf(e).every((x) => isFixed(x, changing));

function checkParallel({ body, buffers, group }: Nest, report: Report): void {
  const loop = body.find((s) => s.kind === "for" && s.by === "parallel");
  for (const s of body)
    if (loop && s !== loop && s.kind !== "let" && s.kind !== "local")
      report(s, "only values may stand beside a loop of CPU threads");
  const own = buffers.find(({ perWorker }) => perWorker);
  const [first] = body;
  if (own && group > 1 && first)
    report(first, `${own.name} is of each CPU thread, but the nest has groups of threads`);
  if (own && own.place !== "global" && first)
    report(first, `${own.name} is of each CPU thread, so it cannot be ${own.place}`);
}

/** An access to memory by all lanes: where lane 0 is, and whether the others follow or stay there. */
interface Access {
  readonly s: Stmt;
  readonly buffer: string;
  readonly start: Sum;
  readonly stride: number;
  readonly writes: boolean;
  readonly adds: boolean;
}

function checkVector(loop: For, around: ReadonlyMap<string, NestExpr>, report: Report): void {
  const { lo, hi, variable: lane } = loop;
  const extent = hi.kind === "const" ? hi.value : 0;
  if (lo.kind !== "const" || lo.value !== 0 || !extents.includes(extent)) {
    report(loop, `vector ${lane} must run from 0 to ${extents.join(", ")}`);
    return;
  }
  const values = new Map(around);
  const own = new Set<string>();
  /** Names whose values may differ from lane to lane, other than by one. */
  const varying = new Set<string>();
  const accesses: Access[] = [];
  /** Lets that are made of the loop's variable: parts of addresses. */
  const addresses = new Set([lane]);
  const note = (s: Stmt, buffer: string, address: NestExpr, writes: boolean): void => {
    const whole = expand(address, values);
    const found = [...variablesOf(whole)].some((x) => varying.has(x))
      ? undefined
      : strideOf(whole, lane);
    if (!found || !(found.stride === 1 || (found.stride === 0 && !writes)))
      report(
        s,
        writes
          ? `the lanes of vector ${lane} must write neighbours in ${buffer}`
          : `the lanes of vector ${lane} must read neighbours, or one element, of ${buffer}`,
      );
    else accesses.push({ s, buffer, ...found, writes, adds: writes && s.kind === "accumulate" });
  };
  const readsOf = (s: Stmt, e: NestExpr): void => {
    if (e.kind === "var" && addresses.has(e.name))
      report(s, `the number of the lane, ${e.name}, may stand in addresses only`);
    if (e.kind === "load") {
      if (e.width !== 1) report(s, `a vector load stands inside vector ${lane}`);
      note(s, e.buffer, e.address, false);
      // What an address is loaded from differs from lane to lane only where the address does.
      visitLoads(e.address, (x) => readsOf(s, x));
    } else for (const x of operandsOf(e)) readsOf(s, x);
  };
  for (const s of loop.body) {
    switch (s.kind) {
      case "let":
        if (s.type === "i32" && isFixed(s.value, varying) && mentions(s.value, addresses)) {
          addresses.add(s.name);
          values.set(s.name, s.value);
          break;
        }
        readsOf(s, s.value);
        if (mentions(s.value, addresses) || mentions(s.value, varying)) varying.add(s.name);
        break;
      case "local":
        own.add(s.name);
        varying.add(s.name);
        readsOf(s, s.init);
        break;
      case "set":
        if (!own.has(s.name))
          report(
            s,
            `${s.name} is set by all lanes of vector ${lane}, outside of which it is defined`,
          );
        readsOf(s, s.value);
        break;
      case "store":
        if (s.width !== 1) report(s, `a vector store stands inside vector ${lane}`);
        readsOf(s, s.value);
        note(s, s.buffer, s.address, true);
        break;
      case "accumulate":
        if (s.mode !== "plain") report(s, `lanes add plainly, not in the mode ${s.mode}`);
        readsOf(s, s.value);
        note(s, s.buffer, s.address, true);
        break;
      case "for":
      case "if":
      case "barrier":
        report(s, `vector ${lane} may hold plain statements only`);
        break;
      default:
        unreachable(s);
    }
  }
  checkApart(accesses, extent, lane, report);
}

const mentions = (e: NestExpr, names: ReadonlySet<string>): boolean =>
  [...variablesOf(e)].some((name) => names.has(name));

function visitLoads(e: NestExpr, f: (load: NestExpr) => void): void {
  if (e.kind === "load") f(e);
  else for (const x of operandsOf(e)) visitLoads(x, f);
}

/** No lane may touch what another one writes; additions may meet, of which each is made before the next begins. */
function checkApart(list: readonly Access[], extent: number, lane: string, report: Report): void {
  for (const a of list)
    for (const b of list) {
      if (!a.writes || a === b || a.buffer !== b.buffer || (a.adds && b.adds)) continue;
      const d = distance(b.start, a.start);
      const meet =
        d === undefined ||
        (b.stride === 1 ? d !== 0 && Math.abs(d) < extent : d >= 0 && d < extent);
      if (meet)
        report(b.s, `lanes of vector ${lane} may touch elements of ${a.buffer} that others write`);
    }
}
