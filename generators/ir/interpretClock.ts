// Values that are computed again only where a loop they depend on has moved on since.

import type { Loop } from "./expr.ts";

/** A loop's current index, and when it was last set. */
export interface Cell {
  value: number;
  stamp: number;
}

/** The loops of one evaluation, and what is kept until they move. */
export interface Clock {
  readonly cellOf: (l: Loop) => Cell;
  readonly move: (cell: Cell, value: number) => void;
  /** Runs `update` only where one of `loops` has moved since it last ran. */
  readonly whenMoved: (loops: Iterable<Loop>, update: () => void) => () => void;
  /** The last value, as long as none of `loops` has moved since it was computed. */
  readonly keep: (loops: Iterable<Loop>, value: () => number) => () => number;
}

/** A clock at which no loop has an index yet. */
export function makeClock(): Clock {
  let clock = 0;
  const cells = new Map<Loop, Cell>();

  const cellOf = (l: Loop): Cell => {
    let cell = cells.get(l);
    if (!cell) {
      cell = { value: Number.NaN, stamp: 0 };
      cells.set(l, cell);
    }
    return cell;
  };

  const move = (cell: Cell, value: number): void => {
    cell.value = value;
    cell.stamp = ++clock;
  };

  function whenMoved(loops: Iterable<Loop>, update: () => void): () => void {
    const on = [...loops].map(cellOf);
    let at = -1;
    return () => {
      let fresh = at >= 0;
      for (let i = 0; fresh && i < on.length; i++) fresh = on[i]!.stamp <= at;
      if (fresh) return;
      update();
      at = clock;
    };
  }

  function keep(loops: Iterable<Loop>, value: () => number): () => number {
    const [first, second, ...others] = [...loops].map(cellOf);
    let last = Number.NaN;
    let at = -1;
    // Most values depend on few loops: asking those by name takes half the time of walking a list.
    if (!first)
      return () => {
        if (at < 0) {
          last = value();
          at = clock;
        }
        return last;
      };
    if (!second)
      return () => {
        if (first.stamp > at) {
          last = value();
          at = clock;
        }
        return last;
      };
    return () => {
      let fresh = first.stamp <= at && second.stamp <= at;
      for (let i = 0; fresh && i < others.length; i++) fresh = others[i]!.stamp <= at;
      if (!fresh) {
        last = value();
        at = clock;
      }
      return last;
    };
  }

  return { cellOf, move, whenMoved, keep };
}
