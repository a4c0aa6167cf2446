/** How many insertions, deletions, substitutions and swaps of neighbours lead from `a` to `b`. */
export function editDistance(a: string, b: string): number {
  // Optimal string alignment: three rows of the table are alive, a swap looks two rows back.
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, older[j - 2]! + 1);
      row.push(best);
    }
    older = previous;
    previous = row;
  }
  return previous[b.length]!;
}

/** The candidate that was probably meant, or undefined where none is near; the first wins ties. */
export function findNearest(name: string, candidates: Iterable<string>): string | undefined {
  const typed = name.toLowerCase();
  let nearest: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const known = candidate.toLowerCase();
    // A typed beginning ("deform", "pad") counts as one edit: it says clearly what was meant.
    const begins = typed.length >= 3 && known.startsWith(typed);
    const distance = known === typed ? 0 : begins ? 1 : editDistance(typed, known);
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  const length = Math.max(typed.length, nearest?.length ?? 0);
  const allowed = Math.max(1, Math.floor(length / 3));
  // Where every letter is another one, as in names of one letter, nothing was meant.
  return least <= allowed && least < length ? nearest : undefined;
}

/** The end of a sentence about an unknown name: the nearest one, or all there are. */
export function suggestName(name: string, candidates: readonly string[]): string {
  const nearest = findNearest(name, candidates);
  if (nearest !== undefined) return `did you mean "${nearest}"?`;
  return candidates.length === 0 ? "there are none" : `there are: ${candidates.join(", ")}`;
}
