// A contraction without groups of threads whose sum has the places of a panel: for each tap of the output, panels of
// the second factor are made one after another, and each is multiplied with the packed first factor and added up.

import { index, type Loop } from "../../ir/expr.ts";
import { type BufferDecl, i32, type NestExpr } from "../../ir/nest.ts";
import { flatten } from "../address.ts";
import { loopName } from "../names.ts";
import { innerScope, type Scope } from "../scope.ts";
import type { Site } from "../site.ts";
import type { Blocked } from "./blocks.ts";
import { findPosition, storeElement } from "./finish.ts";
import { copyIndex, hold, panelLoops, splitPlace } from "./loops.ts";
import { makeRow, rowPosition } from "./panel.ts";
import { describeRegisters, type Registers, sumInRegisters } from "./product.ts";
import { sizesOf } from "./scratch.ts";
import { sinkValues } from "./sink.ts";
import { startAlong } from "./stride.ts";
import { addLoop, calculate, equal, know, load, pieces, store } from "./write.ts";

/** What all parts of a sweep know. */
interface Sweep {
  readonly site: Site;
  readonly blocked: Blocked;
  readonly panel: BufferDecl;
  readonly registers: Registers;
  /** How many places there are, and how far apart rows of a panel lie. */
  readonly places: NestExpr;
  readonly line: NestExpr;
  /** The first place of the panel, and how many it has; the first panel, the last one. */
  readonly start: NestExpr;
  readonly count: NestExpr;
  readonly isFirst: NestExpr;
  readonly isLast: NestExpr;
}

/** The body of the launch that computes `blocked`; `scratch` are its panel and its sums. */
export function buildSweeps(
  site: Site,
  root: Scope,
  blocked: Blocked,
  [panel, sums]: readonly [BufferDecl, BufferDecl],
) {
  const { placer, names } = site;
  const { blocks, taps } = blocked;
  const registers = describeRegisters(site, blocks.rows, blocks.columns, sums);
  const sizes = sizesOf(blocked, (e) => placer.lower(e, root));
  const declare = (hint: string, value: NestExpr) => placer.declare(root, hint, value);
  const places = declare("places", sizes.places);
  const row = declare("row", sizes.row);
  const line = declare("line", calculate("add", row, i32(blocks.columns)));
  const panels = declare("panels", calculate("maximum", pieces(places, blocks.pixels), i32(1)));
  const [batch, tapped] = [panelLoops(blocked, "batch"), panelLoops(blocked, "tap")];
  const outer = [...batch.map(([l]) => l), ...taps];
  const total = outer.reduce((n, l) => calculate("mul", n, placer.lower(l.hi, root)), i32(1));
  const binds = [...batch.flat(), ...tapped.flat()];
  addLoop(names, root, { hint: "tap", hi: total, by: "parallel", binds }, (scope, at) => {
    splitPlace(site, scope, outer, at);
    for (const [l, own] of [...batch, ...tapped]) copyIndex(scope, l, own);
    addLoop(names, scope, { hint: "panel", hi: panels }, (inner, part) => {
      const start = placer.declare(inner, "first", calculate("mul", part, i32(blocks.pixels)));
      const left = calculate("sub", places, start);
      const count = placer.declare(inner, "count", calculate("minimum", i32(blocks.pixels), left));
      const isFirst = equal(part, i32(0));
      const isLast = equal(part, calculate("sub", panels, i32(1)));
      const known = { places, line, start, count, isFirst, isLast };
      const sweep: Sweep = { site, blocked, panel, registers, ...known };
      makePanel(sweep, inner, row);
      multiply(sweep, inner);
    });
  });
  return { body: root.body, shared: [registers.block, registers.line], group: 1 };
}

/** The second factor at all places of a panel, each row with zeros after it that fill up registers. */
function makePanel(
  { site, blocked, panel, start, count, line }: Sweep,
  scope: Scope,
  row: NestExpr,
) {
  const { placer, names } = site;
  const { contraction, blocks } = blocked;
  const places = panelLoops(blocked, "place");
  const binds = [...contraction.k, ...places.map(([, own]) => own)];
  addLoop(names, scope, { hint: "pixel", hi: count, binds }, (inner, q) => {
    const place = placer.declare(inner, "place", calculate("add", start, q));
    splitPlace(site, inner, contraction.k, place);
    for (const [from, own] of places) copyIndex(inner, from, own);
    const at = placer.declare(inner, "panel_at", calculate("mul", q, line));
    makeRow(site, inner, blocked, panel, at);
    inner.body.splice(0, inner.body.length, ...sinkValues(inner.body));
    const end = placer.declare(inner, "row_end", calculate("add", at, row));
    const by = "vector" as const;
    addLoop(names, inner, { hint: "lane", hi: i32(blocks.columns), by }, (vector, lane) => {
      const zero: NestExpr = { kind: "const", type: "f32", value: 0 };
      vector.body.push(store(panel.name, calculate("add", end, lane), zero));
    });
  });
}

/** Adds what the panel gives to all elements of the tap, and stores them after the last one. */
function multiply(sweep: Sweep, scope: Scope): void {
  const { site, blocked, registers, panel, places, start, count, line } = sweep;
  const { placer, names } = site;
  const { contraction, packBatch, blocks, side, steps, pack } = blocked;
  const along = steps[0]!;
  const around = panelLoops(blocked, "batch").map(([l]) => l);
  const inner = contraction.b.filter((l) => !around.includes(l));
  const outer = contraction.m.filter((l) => l !== side);
  const { scope: opened, close } = placer.openLoops([...inner, ...outer], scope);
  const rows = placer.declare(opened, "rows", placer.lower(side.hi, opened));
  const columns = placer.declare(opened, "columns", placer.lower(along.hi, opened));
  const rowAt = placer.declare(
    opened,
    "row_at",
    placer.lower(startAlong(rowPosition(blocked), along), opened),
  );
  const [rowBlocks, columnBlocks] = [pieces(rows, blocks.rows), pieces(columns, blocks.columns)];
  addLoop(names, opened, { hint: "row_block", hi: rowBlocks }, (own, r) => {
    const within = (loops: readonly Loop[]): NestExpr => {
      const flat = placer.lower(
        flatten(
          loops.map(index),
          loops.map((l) => l.hi),
        ),
        own,
      );
      return calculate("add", calculate("mul", flat, rowBlocks), r);
    };
    const packed = calculate(
      "add",
      calculate("mul", within([...packBatch, ...outer]), places),
      start,
    );
    const packAt = placer.declare(own, "pack_at", calculate("mul", packed, i32(blocks.rows)));
    const slot = placer.declare(own, "slot", within([...inner, ...outer]));
    addLoop(names, own, { hint: "column_block", hi: columnBlocks }, (block, c) => {
      const cell = calculate("add", calculate("mul", slot, columnBlocks), c);
      const size = i32(blocks.rows * blocks.columns);
      const at = placer.declare(block, "block_at", calculate("mul", cell, size));
      const first = calculate("mul", c, i32(blocks.columns));
      const from = hold(site, block, "panel_at", calculate("add", rowAt, first));
      sumInRegisters(site, block, registers, { at, isFirst: sweep.isFirst }, (add) =>
        addLoop(names, block, { hint: "pixel", hi: count }, (step, q) => {
          const f = hold(
            site,
            step,
            "f_at",
            calculate("add", packAt, calculate("mul", q, i32(blocks.rows))),
          );
          const numbers = Array.from({ length: blocks.rows }, (_, i) => {
            const of = { name: pack.stage.name, dtype: panel.dtype };
            return load(of, calculate("add", f, i32(i)));
          });
          const s = hold(site, step, "s_at", calculate("add", from, calculate("mul", q, line)));
          add(step, numbers, panel, s);
        }),
      );
      const done = innerScope(block, "guarded");
      const left = { rows: calculate("sub", rows, calculate("mul", r, i32(blocks.rows))) };
      const more = calculate("sub", columns, first);
      finish(
        sweep,
        done,
        { at, row: calculate("mul", r, i32(blocks.rows)), column: first },
        left.rows,
        more,
      );
      block.body.push({ kind: "if", cond: sweep.isLast, then: done.body, else: [] });
    });
  });
  close();
}

/** Stores the elements of a block. */
function finish(
  { site, blocked, registers }: Sweep,
  scope: Scope,
  { at, row, column }: { readonly at: NestExpr; readonly row: NestExpr; readonly column: NestExpr },
  rows: NestExpr,
  columns: NestExpr,
): void {
  const { placer, names } = site;
  const { contraction, blocks, side, steps } = blocked;
  const along = steps[0]!;
  const position = findPosition(contraction, [along]);
  const height = calculate("minimum", i32(blocks.rows), rows);
  const width = calculate("minimum", i32(blocks.columns), columns);
  addLoop(names, scope, { hint: "row", hi: height, binds: [side] }, (line, i) => {
    know(line, index(side), placer.declare(line, loopName(names, side), calculate("add", row, i)));
    const binds = [along, position.place];
    addLoop(names, line, { hint: "column", hi: width, binds }, (inner, v) => {
      const place = placer.declare(inner, loopName(names, along), calculate("add", column, v));
      know(inner, index(along), place);
      know(inner, index(position.place), place);
      const offset = calculate("add", calculate("mul", i, i32(blocks.columns)), v);
      const total = load(registers.sums, calculate("add", at, offset));
      storeElement(site, inner, contraction, position, total);
    });
  });
}
