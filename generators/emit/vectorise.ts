// Vector loops as straight-line statements on vectors, or one by one where there are none.

import {
  type Block,
  i32,
  type Nest,
  type NestExpr,
  type Stmt,
  typeOf,
  variable,
  type Width,
} from "../ir/nest.ts";
import { expand, strideOf } from "../ir/nestLinear.ts";
import { mapOperands, operandsOf, variablesOf } from "../ir/nestWalk.ts";
import { freshNames, substitute } from "./substitute.ts";
import { namesOf } from "./writeOut.ts";

type For = Extract<Stmt, { kind: "for" }>;
type Fresh = (base: string) => string;

/**
 * `nest` with its vector loops written as vectors of `lanes` elements, as many as a loop needs one after another;
 * with 1 as numbers. Loads, stores and what is made of them get as many lanes; what is the same for all lanes
 * stays a number.
 */
export function vectorise(nest: Nest, lanes: Width): Nest {
  const fresh = freshNames(namesOf(nest));
  const walk = (block: Block): Block =>
    block.flatMap((s): readonly Stmt[] => {
      if (s.kind === "if") return [{ ...s, then: walk(s.then), else: walk(s.else) }];
      if (s.kind !== "for") return [s];
      return s.by === "vector" ? writeLanes(nest, s, lanes, fresh) : [{ ...s, body: walk(s.body) }];
    });
  return { ...nest, body: walk(nest.body) };
}

/** What the body of a vector loop consists of. */
interface Sorted {
  /** Once for all lanes: numbers, and addresses of lane 0. */
  readonly shared: readonly Stmt[];
  /** For each vector. */
  readonly own: readonly Stmt[];
  /** Addresses that grow with the lane: by how much; their names now stand for lane 0's. */
  readonly addresses: ReadonlyMap<string, number>;
  /** What the names of addresses stood for. */
  readonly values: ReadonlyMap<string, NestExpr>;
  readonly varying: ReadonlySet<string>;
}

function writeLanes(nest: Nest, loop: For, lanes: Width, fresh: Fresh): readonly Stmt[] {
  const extent = loop.hi.kind === "const" ? loop.hi.value : 0;
  if (loop.lo.kind !== "const" || loop.lo.value !== 0 || ![4, 8, 16].includes(extent))
    throw new Error(`${nest.name}: vector ${loop.variable} must run from 0 to 4, 8 or 16.`);
  const width = Math.min(lanes, extent) as Width;
  const sorted = sortBody(loop);
  const copies: Stmt[] = [];
  for (let first = 0; first < extent; first += width)
    copies.push(...writeVector(loop, sorted, first, width, width === extent, fresh));
  return [...sorted.shared, ...copies];
}

const mentions = (e: NestExpr, test: (name: string) => boolean): boolean =>
  [...variablesOf(e)].some(test);

const loads = (e: NestExpr): boolean => e.kind === "load" || operandsOf(e).some(loads);

function sortBody(loop: For): Sorted {
  const shared: Stmt[] = [];
  const own: Stmt[] = [];
  const addresses = new Map<string, number>();
  const varying = new Set<string>();
  const values = new Map<string, NestExpr>();
  for (const s of loop.body) {
    if (s.kind === "local") varying.add(s.name);
    if (s.kind !== "let") {
      own.push(s);
      continue;
    }
    const ofLane = mentions(s.value, (x) => x === loop.variable || addresses.has(x));
    const varies = mentions(s.value, (x) => varying.has(x)) || (ofLane && loads(s.value));
    if (!ofLane && !varies) shared.push(s);
    else if (varies) {
      varying.add(s.name);
      own.push(s);
    } else {
      const whole = expand(s.value, values);
      const stride = strideOf(whole, loop.variable)?.stride;
      if (stride === undefined)
        throw new Error(`${s.name} does not grow evenly along vector ${loop.variable}.`);
      values.set(s.name, s.value);
      const value = substitute(whole, new Map([[loop.variable, i32(0)]]));
      shared.push({ kind: "let", name: s.name, type: "i32", value });
      addresses.set(s.name, stride);
    }
  }
  return { shared, own, addresses, values, varying };
}

/** One vector of a loop: its lanes from `first` on. */
function writeVector(
  loop: For,
  { own, addresses, values, varying }: Sorted,
  first: number,
  width: Width,
  only: boolean,
  fresh: Fresh,
): readonly Stmt[] {
  const names = new Map<string, string>();
  const nameOf = (name: string): string => names.get(name) ?? name;
  const several = width === 1 ? {} : { lanes: width };
  const define = (name: string): string => {
    // A loop that is one vector keeps the names that it has.
    const next = only ? name : fresh(`${name}_${first}`);
    names.set(name, next);
    return next;
  };
  const at = new Map<string, NestExpr>([[loop.variable, i32(first)]]);
  for (const [name, stride] of addresses)
    at.set(name, substitute(sum(variable(name), i32(stride * first)), new Map()));
  const address = (e: NestExpr): NestExpr => substitute(e, at);
  const grows = (e: NestExpr): boolean => strideOf(expand(e, values), loop.variable)?.stride !== 0;
  const value = (e: NestExpr): NestExpr => {
    if (e.kind === "var" && varying.has(e.name)) return { ...e, name: nameOf(e.name), ...several };
    if (e.kind === "load")
      return { ...e, address: address(e.address), width: grows(e.address) ? width : 1 };
    return mapOperands(e, value);
  };
  return own.map((s): Stmt => {
    switch (s.kind) {
      case "let": {
        const next = value(s.value);
        return { ...s, name: define(s.name), value: next, ...several };
      }
      case "local": {
        const init = value(s.init);
        return { ...s, name: define(s.name), init, ...several };
      }
      case "set":
        return { ...s, name: nameOf(s.name), value: value(s.value), ...several };
      case "store":
        return { ...s, address: address(s.address), value: value(s.value), width };
      case "accumulate": {
        const to = { ...s, address: address(s.address), value: value(s.value) };
        return width === 1 ? to : storeSum(to, width);
      }
      default:
        throw new Error(`vector ${loop.variable} may hold plain statements only.`);
    }
  });
}

/** A vector added to what lies there: as its lanes are different elements, it is loaded, added to and stored. */
function storeSum(s: Extract<Stmt, { kind: "accumulate" }>, width: Width): Stmt {
  const { buffer, address } = s;
  const type = typeOf(s.value);
  const old: NestExpr = { kind: "load", buffer, address, type, width };
  const value: NestExpr = { kind: "op", op: "add", args: [old, s.value], type };
  return { kind: "store", buffer, address, value, width };
}

const sum = (...args: readonly NestExpr[]): NestExpr => ({
  kind: "op",
  op: "add",
  args,
  type: "i32",
});
