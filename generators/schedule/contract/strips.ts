// A contraction without groups of threads: for each strip of the output's places a panel of the second factor is
// made in scratch memory, chunk by chunk, and multiplied with the packed first factor in registers.

import { freshLoop } from "../../ir/build.ts";
import { type Expr, index, int, type Loop } from "../../ir/expr.ts";
import { type BufferDecl, i32, type NestExpr, type Stmt, typeOf } from "../../ir/nest.ts";
import { flatten } from "../address.ts";
import { loopName } from "../names.ts";
import { innerScope, type Scope } from "../scope.ts";
import type { Site } from "../site.ts";
import { distribute } from "../store.ts";
import type { Blocked } from "./blocks.ts";
import { productOf, sizesOf } from "./scratch.ts";
import { startAlong, strideAlong } from "./stride.ts";
import { addLoop, calculate, know, load, padded, pieces, store } from "./write.ts";

/** What all parts of a strip know. */
interface Strip {
  readonly site: Site;
  readonly blocked: Blocked;
  readonly panel: BufferDecl;
  readonly sums: BufferDecl;
  readonly registers: BufferDecl;
  /** How many places and taps there are, and elements of each in a panel; taps of a chunk, chunks. */
  readonly places: NestExpr;
  readonly taps: NestExpr;
  readonly row: NestExpr;
  readonly chunk: NestExpr;
  readonly chunks: NestExpr;
  /** The first place of the strip, how many it has, and how many with those that fill up registers. */
  readonly start: NestExpr;
  readonly count: NestExpr;
  readonly filled: NestExpr;
}

/** A part of the taps, as a panel holds them. */
interface Chunk {
  readonly at: NestExpr;
  readonly start: NestExpr;
  readonly count: NestExpr;
}

/** The body of the launch that computes `blocked`; `scratch` are its panel and its sums. */
export function buildStrips(
  site: Site,
  root: Scope,
  blocked: Blocked,
  [panel, sums]: readonly [BufferDecl, BufferDecl],
) {
  const { placer, names } = site;
  const { roles, blocks } = blocked;
  const registers: BufferDecl = {
    name: names.fresh("block"),
    place: "register",
    dtype: "f32",
    access: "update",
    shape: [i32(blocks.rows * blocks.columns)],
    strides: [i32(1)],
  };
  const sizes = sizesOf(blocked, (e) => placer.lower(e, root));
  const declare = (hint: string, value: NestExpr) => placer.declare(root, hint, value);
  const places = declare("places", sizes.places);
  const taps = declare("taps", sizes.taps);
  const row = declare("row", sizes.row);
  const chunks = declare("chunks", sizes.chunksOf(taps, row));
  const chunk = declare("chunk_taps", sizes.chunkOf(taps, chunks));
  const strips = declare("strips", pieces(places, blocks.pixels));
  // All about as long as each other: the last one is not a short rest.
  const most = calculate("maximum", strips, i32(1));
  const even = calculate("quot", calculate("add", places, calculate("sub", most, i32(1))), most);
  const length = declare("strip_places", padded(even, blocks.rows));
  const around = roles.flatMap((role) => (role.is === "batch" ? [role.loop] : []));
  const extents = around.map((l) => placer.lower(l.hi, root));
  const total = extents.reduce((a, b) => calculate("mul", a, b), strips);
  const own = blocked.panel.domain.filter((_, d) => roles[d]!.is === "batch");

  addLoop(
    names,
    root,
    { hint: "strip", hi: total, by: "parallel", binds: [...around, ...own] },
    (scope, at) => {
      const first = calculate("mul", calculate("rem", at, strips), length);
      const start = placer.declare(scope, "first", first);
      splitPlace(site, scope, around, calculate("quot", at, strips));
      for (const [d, role] of roles.entries())
        if (role.is === "batch") copyIndex(scope, role.loop, blocked.panel.domain[d]!);
      const left = calculate("sub", places, start);
      const count = placer.declare(scope, "count", calculate("minimum", length, left));
      const filled = placer.declare(scope, "filled", padded(count, blocks.rows));
      const strip: Strip = {
        site,
        blocked,
        panel,
        sums,
        registers,
        places,
        taps,
        row,
        chunk,
        chunks,
        start,
        count,
        filled,
      };
      addLoop(names, scope, { hint: "chunk", hi: chunks }, (inner, part) => {
        const begin = placer.declare(inner, "first_tap", calculate("mul", part, chunk));
        const rest = calculate("minimum", chunk, calculate("sub", taps, begin));
        const now = { at: part, start: begin, count: placer.declare(inner, "tap_count", rest) };
        makePanel(strip, inner, now);
        multiply(strip, inner, now);
      });
    },
  );
  return { body: root.body, shared: [registers], group: 1 };
}

/** A value that stays outside of the loops that use it. */
function hold({ placer, names }: Site, scope: Scope, hint: string, value: NestExpr): NestExpr {
  const held = placer.declare(scope, hint, value);
  if (held.kind === "var") names.keep(held.name);
  return held;
}

/** Gives loops the indices of the row-major place `at`. */
function splitPlace({ placer, names }: Site, scope: Scope, loops: readonly Loop[], at: NestExpr) {
  let rest = at;
  for (const [d, l] of [...loops.entries()].toReversed()) {
    const hint = loopName(names, l);
    if (d === 0) {
      know(scope, index(l), placer.declare(scope, hint, rest));
      break;
    }
    const extent = placer.lower(l.hi, scope);
    know(scope, index(l), placer.declare(scope, hint, calculate("rem", rest, extent)));
    rest = placer.declare(scope, "rest", calculate("quot", rest, extent));
  }
}

/** `to` stands where `from` does. */
const copyIndex = (scope: Scope, from: Loop, to: Loop): void =>
  know(scope, index(to), scope.values.get(index(from))!);

/** The loops of the panel's stage that stand where these loops do. */
const panelLoops = ({ roles, panel }: Blocked, is: "place" | "tap"): readonly [Loop, Loop][] =>
  roles.flatMap((role, d) =>
    role.is === is ? [[role.loop, panel.domain[d]!] as [Loop, Loop]] : [],
  );

/** All of the second factor that the strip needs of these taps; places beyond the last repeat it. */
function makePanel(strip: Strip, scope: Scope, { start, count }: Chunk): void {
  const { site, blocked, panel, row } = strip;
  const { placer, names } = site;
  const { contraction, taps, blocks } = blocked;
  const [ofPlaces, ofTaps] = [panelLoops(blocked, "place"), panelLoops(blocked, "tap")];
  const bindsPlaces = [...contraction.p, ...ofPlaces.map(([, own]) => own)];
  addLoop(names, scope, { hint: "pixel", hi: strip.filled, binds: bindsPlaces }, (outer, q) => {
    const last = calculate("sub", strip.places, i32(1));
    const at = calculate("minimum", calculate("add", strip.start, q), last);
    splitPlace(site, outer, contraction.p, placer.declare(outer, "place", at));
    for (const [from, own] of ofPlaces) copyIndex(outer, from, own);
    const line = placer.declare(outer, "line", calculate("mul", q, strip.chunk));
    const binds = [...taps, ...ofTaps.map(([, own]) => own)];
    addLoop(names, outer, { hint: "tap", hi: count, binds }, (inner, t) => {
      splitPlace(site, inner, taps, placer.declare(inner, "whole_tap", calculate("add", start, t)));
      for (const [from, own] of ofTaps) copyIndex(inner, from, own);
      const begin = calculate("mul", calculate("add", line, t), row);
      const base = placer.declare(inner, "panel_at", begin);
      const { scope: around, close } = placer.openLoops(blocked.row.loops.slice(0, -1), inner);
      const [innermost] = blocked.row.loops.slice(-1);
      const { scope: step, close: end } = placer.openLoops(innermost ? [innermost] : [], around);
      const value = placer.lower(blocked.row.value, step);
      const offset = placer.lower(flatten(blocked.row.at, rowExtents(blocked)), step);
      step.body.push(store(panel.name, calculate("add", base, offset), value));
      end();
      if (innermost && blocks.lanes > 1)
        distribute({ ...site, vectors: new Map([[innermost, blocks.lanes]]) }, innermost, around);
      close();
    });
  });
}

const rowExtents = ({ panel, roles }: Blocked): readonly Expr[] =>
  panel.domain.filter((_, d) => roles[d]!.is === "row").map((l) => l.hi);

/** Multiplies what the panel holds, and stores what is complete. */
function multiply(strip: Strip, scope: Scope, now: Chunk): void {
  const { site, blocked, chunks } = strip;
  const { placer, names } = site;
  const { contraction, packBatch, blocks, roles } = blocked;
  const around = roles.flatMap((role) => (role.is === "batch" ? [role.loop] : []));
  const inner = contraction.b.filter((l) => !around.includes(l));
  const outer = contraction.m.slice(0, -1);
  const last = contraction.m.at(-1)!;
  const { scope: opened, close } = placer.openLoops([...inner, ...outer], scope);
  const columns = placer.declare(opened, "columns", placer.lower(last.hi, opened));
  addLoop(
    names,
    opened,
    { hint: "column_block", hi: pieces(columns, blocks.columns) },
    (own, at) => {
      const blocksOf = pieces(columns, blocks.columns);
      const flat = (loops: readonly Loop[]): NestExpr =>
        loops.length === 0
          ? i32(0)
          : placer.lower(
              flatten(
                loops.map(index),
                loops.map((l) => l.hi),
              ),
              own,
            );
      const within = (loops: readonly Loop[]): NestExpr =>
        calculate("add", calculate("mul", flat(loops), blocksOf), at);
      const pack = placer.declare(own, "pack_block", within([...packBatch, ...outer]));
      const single: NestExpr = { kind: "op", op: "eq", args: [chunks, i32(1)], type: "bool" };
      const slot = placer.declare(own, "slot", {
        kind: "select",
        cond: single,
        then: i32(0),
        else: within([...inner, ...outer]),
      });
      const sums = placer.declare(
        own,
        "sums_at",
        calculate("mul", slot, i32(blocks.pixels * blocks.columns)),
      );
      const groups = calculate("quot", strip.filled, i32(blocks.rows));
      addLoop(names, own, { hint: "row_block", hi: groups }, (block, r) =>
        multiplyBlock(strip, block, now, { pack, sums, first: r }),
      );
      const lastChunk: NestExpr = {
        kind: "op",
        op: "eq",
        args: [now.at, calculate("sub", chunks, i32(1))],
        type: "bool",
      };
      const done = innerScope(own, "guarded");
      finish(strip, done, sums, calculate("mul", at, i32(blocks.columns)), columns);
      own.body.push({ kind: "if", cond: lastChunk, then: done.body, else: [] });
    },
  );
  close();
}

/** One block of the product in registers: `rows` places by `columns` neighbours of the output. */
function multiplyBlock(
  strip: Strip,
  scope: Scope,
  now: Chunk,
  operand: { readonly pack: NestExpr; readonly sums: NestExpr; readonly first: NestExpr },
): void {
  const { site, blocked, panel, sums, registers, row, chunk, taps } = strip;
  const { placer, names } = site;
  const { steps, blocks, pack, at, roles } = blocked;
  const { rows, columns } = blocks;
  const each = Array.from({ length: rows }, (_, i) => i);
  const first = placer.declare(scope, "first_row", calculate("mul", operand.first, i32(rows)));
  const begin = calculate("add", operand.sums, calculate("mul", first, i32(columns)));
  const sumsAt = placer.declare(scope, "block_at", begin);
  const lanes = (inner: Scope, fill: (lane: NestExpr, inner: Scope) => void): void =>
    addLoop(names, inner, { hint: "lane", hi: i32(columns), by: "vector" }, (vector, lane) =>
      fill(lane, vector),
    );
  const cell = (i: number, lane: NestExpr): NestExpr => calculate("add", i32(i * columns), lane);
  const zero: NestExpr = { kind: "const", type: "f32", value: 0 };
  const from = (value: (i: number, lane: NestExpr) => NestExpr): readonly Stmt[] => {
    const start = scope.body.length;
    lanes(scope, (lane, inner) => {
      for (const i of each) inner.body.push(store(registers.name, cell(i, lane), value(i, lane)));
    });
    return scope.body.splice(start);
  };
  const fresh = from(() => zero);
  const known = from((i, lane) => load(sums, calculate("add", sumsAt, cell(i, lane))));
  const isFirst: NestExpr = { kind: "op", op: "eq", args: [now.at, i32(0)], type: "bool" };
  scope.body.push({ kind: "if", cond: isFirst, then: fresh, else: known });

  const stepExtents = steps.map((l) => l.hi);
  const stepCount = placer.lower(productOf(stepExtents), scope);
  const packTap = placer.declare(scope, "tap_block", calculate("mul", operand.pack, taps));
  const lines = each.map((i) =>
    hold(
      site,
      scope,
      "line",
      calculate("mul", calculate("mul", calculate("add", first, i32(i)), chunk), row),
    ),
  );
  addLoop(names, scope, { hint: "tap", hi: now.count }, (tap, t) => {
    const whole = calculate("add", packTap, calculate("add", now.start, t));
    const packAt = hold(
      site,
      tap,
      "pack_at",
      calculate("mul", calculate("mul", whole, stepCount), i32(columns)),
    );
    const tapAt = calculate("mul", t, row);
    const outer = steps.slice(0, -1);
    const along = steps.at(-1);
    const { scope: around, close } = placer.openLoops(outer, tap);
    const rowAt = flatten(
      at.filter((_, d) => roles[d]!.is === "row"),
      rowExtents(blocked),
    );
    const stride = along && strideAlong(rowAt, along);
    const isEven = along !== undefined && stride !== undefined;
    const begin = isEven ? placer.lower(startAlong(rowAt, along), around) : i32(0);
    const starts = lines.map((line) =>
      hold(site, around, "line_at", calculate("add", line, calculate("add", tapAt, begin))),
    );
    const outerAt = placer.lower(
      flatten(
        outer.map(index),
        outer.map((l) => l.hi),
      ),
      around,
    );
    const stepsAlong = along ? placer.lower(along.hi, around) : i32(1);
    const outerPack = calculate("mul", calculate("mul", outerAt, stepsAlong), i32(columns));
    const packFrom = hold(site, around, "factor_at", calculate("add", packAt, outerPack));
    const { scope: step, close: end } = placer.openLoops(along ? [along] : [], around);
    const k = along ? placer.lower(index(along), step) : i32(0);
    const f = hold(
      site,
      step,
      "f_at",
      calculate("add", packFrom, calculate("mul", k, i32(columns))),
    );
    const place = isEven ? calculate("mul", k, i32(stride)) : placer.lower(rowAt, step);
    const values = starts.map((start) =>
      placer.declare(step, "s", load(panel, calculate("add", start, place))),
    );
    lanes(step, (lane, inner) => {
      const own = { name: pack.name, dtype: panel.dtype };
      const value = placer.declare(inner, "f", load(own, calculate("add", f, lane)));
      for (const i of each) {
        const product: NestExpr = { kind: "op", op: "mul", args: [values[i]!, value], type: "f32" };
        const sum = calculate("add", load(registers, cell(i, lane)), product);
        inner.body.push(store(registers.name, cell(i, lane), sum));
      }
    });
    end();
    close();
  });
  lanes(scope, (lane, inner) => {
    for (const i of each)
      inner.body.push(
        store(sums.name, calculate("add", sumsAt, cell(i, lane)), load(registers, cell(i, lane))),
      );
  });
}

/** Stores the elements whose sums are complete. */
function finish(
  strip: Strip,
  scope: Scope,
  sumsAt: NestExpr,
  firstColumn: NestExpr,
  columns: NestExpr,
): void {
  const { site, blocked, sums } = strip;
  const { placer, names, bufferOf } = site;
  const { contraction, blocks } = blocked;
  const { m, p, stage, element, sum, from, at } = contraction;
  const last = m.at(-1)!;
  const width = calculate("minimum", i32(blocks.columns), calculate("sub", columns, firstColumn));
  const { dtype, name } = bufferOf(stage, 0);
  const flat = freshLoop("place", int(0), productOf(p.map((l) => l.hi)));
  const run = at.findIndex(
    (e, d) => e === index(p[0]!) && p.every((l, i) => at[d + i] === index(l)),
  );
  const extents = stage.domain.map((l) => l.hi);
  const spliced = <T>(list: readonly T[], value: T): readonly T[] =>
    run < 0 ? list : [...list.slice(0, run), value, ...list.slice(run + p.length)];
  const position = flatten(spliced(at, index(flat)), spliced(extents, flat.hi));
  addLoop(names, scope, { hint: "column", hi: width, binds: [last] }, (line, v) => {
    know(
      line,
      index(last),
      placer.declare(line, loopName(names, last), calculate("add", firstColumn, v)),
    );
    addLoop(names, line, { hint: "pixel", hi: strip.count, binds: [...p, flat] }, (inner, q) => {
      const place = placer.declare(inner, "place", calculate("add", strip.start, q));
      know(inner, index(flat), place);
      splitPlace(site, inner, p, place);
      const where = calculate(
        "add",
        sumsAt,
        calculate("add", calculate("mul", q, i32(blocks.columns)), v),
      );
      const total = load(sums, where);
      const start = placer.lower(from, inner);
      const isZero = start.kind === "const" && start.value === 0;
      know(
        inner,
        sum,
        placer.declare(inner, "sum", isZero ? total : calculate("add", start, total)),
      );
      const value = placer.lower(element, inner);
      const address = placer.lower(position, inner);
      const stored: NestExpr =
        typeOf(value) === dtype ? value : { kind: "cast", to: dtype, arg: value };
      inner.body.push(store(name, address, stored));
    });
  });
}
