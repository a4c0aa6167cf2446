// In which order threads and groups run: what is right in one order only is wrong.

/** An order; the seed makes it repeatable. */
export type ThreadOrder = "forward" | "reverse" | `random:${number}`;

/** The numbers below n in an order. */
export function arrange(order: ThreadOrder, n: number): Int32Array {
  const numbers = Int32Array.from({ length: n }, (_, i) => i);
  if (order === "forward") return numbers;
  if (order === "reverse") return numbers.reverse();
  // Marsaglia's xorshift; zero is its one fixed point.
  let state = (Number(order.slice("random:".length)) * 2654435761 + 1) | 0 || 1;
  for (let i = n - 1; i > 0; i--) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const j = (state >>> 0) % (i + 1);
    [numbers[i], numbers[j]] = [numbers[j]!, numbers[i]!];
  }
  return numbers;
}
