// How much better than the best a point is expected to be.

/** The part of a normal distribution that lies below, within 10^-7 (Abramowitz and Stegun 26.2.17). */
export function normalBelow(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const series =
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = normalDensity(x) * series;
  return x < 0 ? tail : 1 - tail;
}

const normalDensity = (x: number): number => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);

/** The mean of what a normal value is below `best`, 0 where it is not. */
export function expectImprovement(best: number, mean: number, variance: number): number {
  const deviation = Math.sqrt(Math.max(variance, 1e-9));
  const gain = (best - mean) / deviation;
  // Far out nothing is left of both terms but their order.
  if (gain < -5) return deviation * 1e-9 * Math.exp(gain);
  return deviation * (gain * normalBelow(gain) + normalDensity(gain));
}
