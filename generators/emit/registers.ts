// Registers whose places are known become variables: numbers, or vectors where vectors are moved.

import type { Block, BufferDecl, Nest, NestExpr, Stmt, Width } from "../ir/nest.ts";
import {
  blocksOf,
  expressionsOf,
  mapExprs,
  mapOperands,
  visitBlock,
  visitNestExpr,
} from "../ir/nestWalk.ts";
import { freshNames } from "./substitute.ts";
import { namesOf } from "./writeOut.ts";

/** Some registers that are always used together. */
interface Piece {
  readonly buffer: BufferDecl;
  readonly first: number;
  readonly width: Width;
  readonly name: string;
}

/**
 * `nest` with variables for the register buffers that are addressed by numbers only. Those with another address
 * stay arrays, and so do those of which a store changes a part of a vector.
 */
export function nameRegisters(nest: Nest): Nest {
  const fresh = freshNames(namesOf(nest));
  let { body } = nest;
  const gone = new Set<BufferDecl>();
  for (const buffer of nest.buffers) {
    if (buffer.place !== "register") continue;
    const pieces = findPieces(nest, buffer, fresh);
    if (!pieces) continue;
    gone.add(buffer);
    for (const piece of pieces) body = declare(body, piece);
  }
  return { ...nest, body, buffers: nest.buffers.filter((buffer) => !gone.has(buffer)) };
}

interface Access {
  readonly first: number;
  readonly width: Width;
  readonly writes: boolean;
}

/** The pieces of a buffer in order; undefined where it has to be an array. */
function findPieces(
  nest: Nest,
  buffer: BufferDecl,
  fresh: (base: string) => string,
): readonly Piece[] | undefined {
  const accesses: Access[] = [];
  let known = true;
  const note = (address: NestExpr, width: Width, writes: boolean): void => {
    if (address.kind === "const") accesses.push({ first: address.value, width, writes });
    else known = false;
  };
  visitBlock(nest.body, (s) => {
    for (const e of expressionsOf(s))
      visitNestExpr(e, (x) => {
        if (x.kind === "load" && x.buffer === buffer.name) note(x.address, x.width, false);
      });
    if (s.kind === "store" && s.buffer === buffer.name) note(s.address, s.width, true);
    if (s.kind === "accumulate" && s.buffer === buffer.name) note(s.address, 1, true);
  });
  if (!known) return undefined;
  const pieces = new Map<number, Width>();
  for (const { first, width } of accesses.toSorted((a, b) => b.width - a.width)) {
    const inside = [...pieces].some(([at, w]) => at <= first && first + width <= at + w);
    if (!inside) pieces.set(first, width);
  }
  const list = [...pieces].sort(([a], [b]) => a - b);
  const overlap = list.some(([at], i) => i > 0 && list[i - 1]![0] + list[i - 1]![1] > at);
  const partly = accesses.some(({ first, width, writes }) => {
    const whole = pieces.get(first) === width;
    return !whole && (writes || width > 1);
  });
  if (overlap || partly) return undefined;
  return list.map(([first, width], i) => ({
    buffer,
    first,
    width,
    name: list.length === 1 ? buffer.name : fresh(`${buffer.name}_${i}`),
  }));
}

const isIn = (piece: Piece, buffer: string, address: NestExpr): boolean =>
  buffer === piece.buffer.name &&
  address.kind === "const" &&
  address.value >= piece.first &&
  address.value < piece.first + piece.width;

function reads(e: NestExpr, piece: Piece): boolean {
  let found = false;
  visitNestExpr(e, (x) => {
    found ||= x.kind === "load" && isIn(piece, x.buffer, x.address);
  });
  return found;
}

/** Does a statement, or one inside it, use a piece? */
function uses(s: Stmt, { buffer, first, width }: Piece): boolean {
  const places = placesIn(s).get(buffer.name);
  if (places) for (const at of places) if (at >= first && at < first + width) return true;
  return false;
}

type Places = ReadonlyMap<string, ReadonlySet<number>>;

/** Places by buffer: each piece asks for those of all statements. */
const known = new WeakMap<Stmt, Places>();

/** The known places of buffers that a statement, or one inside it, uses. */
function placesIn(s: Stmt): Places {
  const before = known.get(s);
  if (before) return before;
  const places = new Map<string, Set<number>>();
  const note = (buffer: string, at: number): void => {
    const own = places.get(buffer);
    if (own) own.add(at);
    else places.set(buffer, new Set([at]));
  };
  for (const e of expressionsOf(s))
    visitNestExpr(e, (x) => {
      if (x.kind === "load" && x.address.kind === "const") note(x.buffer, x.address.value);
    });
  if ((s.kind === "store" || s.kind === "accumulate") && s.address.kind === "const")
    note(s.buffer, s.address.value);
  for (const block of blocksOf(s))
    for (const inner of block)
      for (const [buffer, own] of placesIn(inner)) for (const at of own) note(buffer, at);
  known.set(s, places);
  return places;
}

/** Is it a store of the whole that does not go by what was there? */
const sets = (s: Stmt, piece: Piece): s is Extract<Stmt, { kind: "store" }> =>
  s.kind === "store" && isIn(piece, s.buffer, s.address) && !reads(s.value, piece);

/** `block` with a variable for `piece`, as far inside as its value is not needed again outside. */
function declare(block: Block, piece: Piece): Block {
  const users = block.flatMap((s, i) => (uses(s, piece) ? [i] : []));
  const [at] = users;
  if (at === undefined) return block;
  const first = block[at]!;
  const put = (...s: readonly Stmt[]): Block => [
    ...block.slice(0, at),
    ...s,
    ...block.slice(at + 1).map((x) => rename(x, piece)),
  ];
  if (users.length === 1 && first.kind === "for") {
    // What one step leaves is there for the next, but for CPU threads.
    const own = [first.lo, first.hi].some((e) => reads(e, piece));
    if (!own && (first.by === "parallel" || isSetFirst(first.body, piece)))
      return put({ ...first, body: declare(first.body, piece) });
  }
  if (users.length === 1 && first.kind === "if" && !reads(first.cond, piece)) {
    const [then, otherwise] = [first.then, first.else].map((b) => b.some((x) => uses(x, piece)));
    if (then !== otherwise)
      return put({
        ...first,
        then: declare(first.then, piece),
        else: declare(first.else, piece),
      });
  }
  const { name, buffer, width } = piece;
  const several = width === 1 ? {} : { lanes: width };
  if (sets(first, piece)) {
    const changes = block.slice(at + 1).some((s) => writes(s, piece));
    const value = replace(first.value, piece);
    return changes
      ? put({ kind: "local", name, type: buffer.dtype, ...several, init: value })
      : put({ kind: "let", name, type: buffer.dtype, ...several, value });
  }
  const zero: NestExpr = { kind: "const", type: buffer.dtype, value: 0 };
  return put(
    { kind: "local", name, type: buffer.dtype, ...several, init: zero },
    rename(first, piece),
  );
}

/** Does nothing in a block go by what the piece was before it? */
function isSetFirst(block: Block, piece: Piece): boolean {
  const [first, ...rest] = block.filter((s) => uses(s, piece));
  if (first?.kind === "for" && rest.length === 0) return isSetFirst(first.body, piece);
  return first !== undefined && sets(first, piece);
}

const writes = (s: Stmt, piece: Piece): boolean =>
  ((s.kind === "store" || s.kind === "accumulate") && isIn(piece, s.buffer, s.address)) ||
  blocksOf(s).some((block) => block.some((inner) => writes(inner, piece)));

/** `e` with the variable in place of loads of the piece, or of one lane of it. */
function replace(e: NestExpr, piece: Piece): NestExpr {
  if (e.kind !== "load" || !isIn(piece, e.buffer, e.address))
    return mapOperands(e, (x) => replace(x, piece));
  const { name, buffer, width, first } = piece;
  const whole: NestExpr = {
    kind: "var",
    name,
    type: buffer.dtype,
    ...(width > 1 && { lanes: width }),
  };
  if (e.width === width) return whole;
  return {
    kind: "lane",
    of: whole,
    lane: e.address.kind === "const" ? e.address.value - first : 0,
  };
}

/** A statement, and all inside it, with the variable in place of the piece. */
function rename(s: Stmt, piece: Piece): Stmt {
  if (!uses(s, piece)) return s;
  const next = mapExprs(s, (e) => replace(e, piece));
  const { name, buffer, width } = piece;
  const several = width === 1 ? {} : { lanes: width };
  switch (next.kind) {
    case "for":
      return { ...next, body: next.body.map((x) => rename(x, piece)) };
    case "if":
      return {
        ...next,
        then: next.then.map((x) => rename(x, piece)),
        else: next.else.map((x) => rename(x, piece)),
      };
    case "store":
      if (!isIn(piece, next.buffer, next.address)) return next;
      return { kind: "set", name, value: next.value, ...several };
    case "accumulate": {
      if (!isIn(piece, next.buffer, next.address)) return next;
      const own: NestExpr = { kind: "var", name, type: buffer.dtype };
      const value: NestExpr = {
        kind: "op",
        op: "add",
        args: [own, next.value],
        type: buffer.dtype,
      };
      return { kind: "set", name, value };
    }
    default:
      return next;
  }
}
