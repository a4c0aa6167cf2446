// A contraction without groups of threads whose output has the places of a panel: for each strip of them a panel of
// the second factor is made in scratch memory, chunk by chunk, and multiplied with the packed first factor.

import { index, int, type Loop } from "../../ir/expr.ts";
import { type BufferDecl, i32, type NestExpr } from "../../ir/nest.ts";
import { flatten } from "../address.ts";
import { loopName } from "../names.ts";
import { innerScope, type Scope } from "../scope.ts";
import type { Site } from "../site.ts";
import { type Blocked, isAlongMemory } from "./blocks.ts";
import { findPosition, storeElement } from "./finish.ts";
import { copyIndex, hold, panelLoops, splitPlace } from "./loops.ts";
import { makeRow, rowPosition } from "./panel.ts";
import { describeRegisters, type Registers, sumInRegisters } from "./product.ts";
import { productOf, sizesOf } from "./scratch.ts";
import { sinkValues } from "./sink.ts";
import { startAlong, strideAlong } from "./stride.ts";
import { addLoop, calculate, equal, know, load, padded, pieces } from "./write.ts";

/** What all parts of a strip know. */
interface Strip {
  readonly site: Site;
  readonly blocked: Blocked;
  readonly panel: BufferDecl;
  readonly registers: Registers;
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
  const { blocks } = blocked;
  const registers = describeRegisters(site, blocks.rows, blocks.columns, sums);
  const sizes = sizesOf(blocked, (e) => placer.lower(e, root));
  const declare = (hint: string, value: NestExpr) => placer.declare(root, hint, value);
  const places = declare("places", sizes.places);
  const taps = declare("taps", sizes.taps);
  const row = declare("row", sizes.row);
  const chunks = declare("chunks", sizes.chunksOf(taps, row));
  const chunk = declare("chunk_taps", sizes.chunkOf(taps, chunks));
  const held = declare("strip_most", sizes.placesOf(row));
  const rest = calculate("sub", held, i32(1));
  const strips = declare("strips", calculate("quot", calculate("add", places, rest), held));
  // All about as long as each other: the last one is not a short rest.
  const most = calculate("maximum", strips, i32(1));
  const even = calculate("quot", calculate("add", places, calculate("sub", most, i32(1))), most);
  const length = declare("strip_places", padded(even, blocks.rows));
  const batch = panelLoops(blocked, "batch");
  const around = batch.map(([l]) => l);
  const extents = around.map((l) => placer.lower(l.hi, root));
  const total = extents.reduce((a, b) => calculate("mul", a, b), strips);
  const binds = batch.flat();

  addLoop(names, root, { hint: "strip", hi: total, by: "parallel", binds }, (scope, at) => {
    const first = calculate("mul", calculate("rem", at, strips), length);
    const start = placer.declare(scope, "first", first);
    splitPlace(site, scope, around, calculate("quot", at, strips));
    for (const [l, own] of batch) copyIndex(scope, l, own);
    const left = calculate("sub", places, start);
    const count = placer.declare(scope, "count", calculate("minimum", length, left));
    const filled = placer.declare(scope, "filled", padded(count, blocks.rows));
    const sizes = { places, taps, row, chunk, chunks, start, count, filled };
    const strip: Strip = { site, blocked, panel, registers, ...sizes };
    addLoop(names, scope, { hint: "chunk", hi: chunks }, (inner, part) => {
      const begin = placer.declare(inner, "first_tap", calculate("mul", part, chunk));
      const rest = calculate("sub", taps, begin);
      const count = placer.declare(inner, "tap_count", calculate("minimum", chunk, rest));
      const now = { at: part, start: begin, count };
      makePanel(strip, inner, now);
      multiply(strip, inner, now);
    });
  });
  return { body: root.body, shared: [registers.block, registers.line], group: 1 };
}

/** All of the second factor that the strip needs of these taps; places beyond the last repeat it. */
function makePanel(strip: Strip, scope: Scope, { start, count }: Chunk): void {
  const { site, blocked, panel, row } = strip;
  const { placer, names } = site;
  const { contraction, taps } = blocked;
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
      makeRow(site, inner, blocked, panel, placer.declare(inner, "panel_at", begin));
      inner.body.splice(0, inner.body.length, ...sinkValues(inner.body));
    });
  });
}

/** Multiplies what the panel holds, and stores what is complete. */
function multiply(strip: Strip, scope: Scope, now: Chunk): void {
  const { site, blocked, chunks } = strip;
  const { placer, names } = site;
  const { contraction, packBatch, blocks } = blocked;
  const around = panelLoops(blocked, "batch").map(([l]) => l);
  const inner = contraction.b.filter((l) => !around.includes(l));
  const outer = contraction.m.filter((l) => l !== blocked.side);
  const { scope: opened, close } = placer.openLoops([...inner, ...outer], scope);
  const columns = placer.declare(opened, "columns", placer.lower(blocked.side.hi, opened));
  const hi = pieces(columns, blocks.columns);
  addLoop(names, opened, { hint: "column_block", hi }, (own, at) => {
    const flat = (loops: readonly Loop[]): NestExpr =>
      placer.lower(
        flatten(
          loops.map(index),
          loops.map((l) => l.hi),
        ),
        own,
      );
    const within = (loops: readonly Loop[]): NestExpr =>
      calculate("add", calculate("mul", flat(loops), hi), at);
    const pack = placer.declare(own, "pack_block", within([...packBatch, ...outer]));
    // Where all is in one chunk, sums are used at once, and their memory again.
    const slot = placer.declare(own, "slot", {
      kind: "select",
      cond: equal(chunks, i32(1)),
      then: i32(0),
      else: within([...inner, ...outer]),
    });
    const sumsAt = calculate("mul", slot, i32(blocks.pixels * blocks.columns));
    const sums = placer.declare(own, "sums_at", sumsAt);
    const groups = calculate("quot", strip.filled, i32(blocks.rows));
    addLoop(names, own, { hint: "row_block", hi: groups }, (block, r) =>
      multiplyBlock(strip, block, now, { pack, sums, first: r }),
    );
    const done = innerScope(own, "guarded");
    finish(strip, done, sums, calculate("mul", at, i32(blocks.columns)), columns);
    const cond = equal(now.at, calculate("sub", chunks, i32(1)));
    own.body.push({ kind: "if", cond, then: done.body, else: [] });
  });
  close();
}

/** One block of the product in registers: `rows` places by `columns` neighbours of the output. */
function multiplyBlock(
  strip: Strip,
  scope: Scope,
  now: Chunk,
  operand: { readonly pack: NestExpr; readonly sums: NestExpr; readonly first: NestExpr },
): void {
  const { site, blocked, panel, registers, row, chunk, taps } = strip;
  const { placer, names } = site;
  const { steps, blocks, pack } = blocked;
  const { rows, columns } = blocks;
  const first = placer.declare(scope, "first_row", calculate("mul", operand.first, i32(rows)));
  const begin = calculate("add", operand.sums, calculate("mul", first, i32(columns)));
  const at = placer.declare(scope, "block_at", begin);
  const stepCount = placer.lower(productOf(steps.map((l) => l.hi)), scope);
  const packTap = placer.declare(scope, "tap_block", calculate("mul", operand.pack, taps));
  const lines = Array.from({ length: rows }, (_, i) => {
    const place = calculate("add", first, i32(i));
    return hold(site, scope, "line", calculate("mul", calculate("mul", place, chunk), row));
  });
  const [outer, along] = [steps.slice(0, -1), steps.at(-1)];
  const rowAt = rowPosition(blocked);
  const stride = along && strideAlong(rowAt, along);
  const isEven = along !== undefined && stride !== undefined;
  const isFirst = equal(now.at, i32(0));
  // Where steps are all elements of a row, those of all taps lie side by side: one long walk instead of short ones.
  const isWhole = outer.length === 0 && along?.lo === int(0) && stride === 1;
  const steppedOver = isWhole ? placer.lower(along.hi, scope) : row;
  const whole = equal(row, steppedOver);
  const choose = (then: NestExpr, otherwise: NestExpr): NestExpr =>
    isWhole ? { kind: "select", cond: whole, then, else: otherwise } : otherwise;
  const walks = choose(calculate("minimum", now.count, i32(1)), now.count);
  const walked = choose(calculate("mul", now.count, steppedOver), steppedOver);
  const tapCount = isWhole ? placer.declare(scope, "walks", walks) : walks;
  const stepsOfWalk = isWhole ? placer.declare(scope, "walk_steps", walked) : walked;
  sumInRegisters(site, scope, registers, { at, isFirst }, (add) =>
    addLoop(names, scope, { hint: "tap", hi: tapCount }, (tap, t) => {
      const whole = calculate("add", packTap, calculate("add", now.start, t));
      const packAt = calculate("mul", calculate("mul", whole, stepCount), i32(columns));
      const packed = hold(site, tap, "pack_at", packAt);
      const { scope: around, close } = placer.openLoops(outer, tap);
      const start = isEven ? placer.lower(startAlong(rowAt, along), around) : i32(0);
      const offset = calculate("add", calculate("mul", t, row), start);
      const starts = lines.map((line) =>
        hold(site, around, "line_at", calculate("add", line, offset)),
      );
      const outerAt = placer.lower(
        flatten(
          outer.map(index),
          outer.map((l) => l.hi),
        ),
        around,
      );
      const length = along ? placer.lower(along.hi, around) : i32(1);
      const outerPack = calculate("mul", calculate("mul", outerAt, length), i32(columns));
      const from = hold(site, around, "factor_at", calculate("add", packed, outerPack));
      const fill = (step: Scope, k: NestExpr): void => {
        const factor = calculate("add", from, calculate("mul", k, i32(columns)));
        const place = isEven ? calculate("mul", k, i32(stride)) : placer.lower(rowAt, step);
        const numbers = starts.map((line) => load(panel, calculate("add", line, place)));
        const at = hold(site, step, "f_at", factor);
        add(step, numbers, { name: pack.stage.name, dtype: panel.dtype }, at);
      };
      if (isWhole) addLoop(names, around, { hint: "step", hi: stepsOfWalk }, fill);
      else {
        const { scope: step, close: end } = placer.openLoops(along ? [along] : [], around);
        fill(step, along ? placer.lower(index(along), step) : i32(0));
        end();
      }
      close();
    }),
  );
}

/** Stores the elements whose sums are complete. */
function finish(
  { site, blocked, registers, count, start }: Strip,
  scope: Scope,
  sumsAt: NestExpr,
  firstColumn: NestExpr,
  columns: NestExpr,
): void {
  const { placer, names } = site;
  const { contraction, blocks, side } = blocked;
  const { p } = contraction;
  const position = findPosition(contraction, p);
  const width = calculate("minimum", i32(blocks.columns), calculate("sub", columns, firstColumn));
  const columnLoop = { hint: "column", hi: width, binds: [side] };
  const pixelLoop = { hint: "pixel", hi: count, binds: [...p, position.place] };
  const setColumn = (inner: Scope, v: NestExpr): void => {
    const at = calculate("add", firstColumn, v);
    know(inner, index(side), placer.declare(inner, loopName(names, side), at));
  };
  const setPixel = (inner: Scope, q: NestExpr): void => {
    const place = placer.declare(inner, "place", calculate("add", start, q));
    know(inner, index(position.place), place);
    splitPlace(site, inner, p, place);
  };
  const storeAt = (inner: Scope, q: NestExpr, v: NestExpr): void => {
    const offset = calculate("add", calculate("mul", q, i32(blocks.columns)), v);
    const total = load(registers.sums, calculate("add", sumsAt, offset));
    storeElement(site, inner, contraction, position, total);
  };
  // What lies side by side in memory is stored one after another.
  if (isAlongMemory(contraction, side)) {
    addLoop(names, scope, pixelLoop, (line, q) => {
      setPixel(line, q);
      addLoop(names, line, columnLoop, (inner, v) => {
        setColumn(inner, v);
        storeAt(inner, q, v);
      });
    });
    return;
  }
  addLoop(names, scope, columnLoop, (line, v) => {
    setColumn(line, v);
    addLoop(names, line, pixelLoop, (inner, q) => {
      setPixel(inner, q);
      storeAt(inner, q, v);
    });
  });
}
