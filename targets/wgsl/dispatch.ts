// How many groups each dispatch covers. A kernel computes its linear group id as
//   group_base + workgroup_id.x + workgroup_id.y * num_workgroups.x
// and leaves at once when the id is not below the total, so a dispatch may cover too many groups
// at the end of the work, but never before it: a surplus there would run a group twice.

/** One dispatchWorkgroups(x, y) that covers the groups from `base` on. */
export interface Dispatch {
  readonly base: number;
  readonly x: number;
  readonly y: number;
}

/** The dispatch at `base` that covers at most `most` of the `total` groups, and where the next begins. */
export function nextDispatch(
  base: number,
  total: number,
  most: number,
  perDimension: number,
): { readonly dispatch: Dispatch; readonly next: number } {
  const left = total - base;
  const cap = Math.min(Math.max(1, Math.floor(most)), perDimension * perDimension);
  if (left <= cap) {
    const y = Math.ceil(left / perDimension);
    return { dispatch: { base, x: Math.ceil(left / y), y }, next: total };
  }
  // Not the last: x * y is exactly what is covered.
  const x = Math.min(cap, perDimension);
  const y = Math.floor(cap / x);
  return { dispatch: { base, x, y }, next: base + x * y };
}

/** The dispatches that cover all `total` groups when none may exceed the limit of a dimension. */
export function coverGroups(total: number, perDimension: number): readonly Dispatch[] {
  const all: Dispatch[] = [];
  for (let base = 0; base < total; ) {
    const { dispatch, next } = nextDispatch(base, total, Number.POSITIVE_INFINITY, perDimension);
    all.push(dispatch);
    base = next;
  }
  return all;
}

/** Refuses a group count whose ids (with the surplus of the last row) do not fit u32. */
export function checkGroups(what: string, total: number, perDimension: number): void {
  if (!Number.isInteger(total) || total < 0)
    throw new RangeError(`${what}: ${total} groups; the number of groups is an integer from 0 on.`);
  const most = 2 ** 32 - 1 - perDimension;
  if (total > most)
    throw new RangeError(
      `${what}: ${total} groups; a 32-bit group id allows at most ${most}. Use a smaller batch.`,
    );
}

/**
 * How many groups the next submit may run so that it stays near `goal` milliseconds. Work of an
 * unknown cost starts small (`first`), and grows at most eightfold a step, because the cost of an
 * element depends on sizes and data that are not known here; a measured cost corrects itself.
 */
export class Pace {
  #groups: number;
  readonly #goal: number;

  constructor(first: number, goal: number) {
    this.#groups = Math.max(1, first);
    this.#goal = goal;
  }

  /** The most groups to run now. */
  get groups(): number {
    return Math.max(1, Math.floor(this.#groups));
  }

  /** Takes note that `groups` groups took `milliseconds`. */
  measured(groups: number, milliseconds: number): void {
    // A clock may be as coarse as 0.1 ms in a browser, and 0 says nothing but "short".
    const wanted = groups * (this.#goal / Math.max(milliseconds, 0.1));
    this.#groups = Math.max(1, Math.min(wanted, groups * 8));
  }
}
