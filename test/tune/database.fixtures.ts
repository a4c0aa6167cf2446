// Records as tune writes them.

import type { Measurement } from "../../generators/tune/database/record.ts";

/** A record of one configuration; what is given replaces what is usual. */
export function makeRecord(tile: number, more: Partial<Measurement> = {}): Measurement {
  return {
    kind: "measurement",
    key: {
      operator: "conv2d",
      role: "forward",
      present: ["bias"],
      kernel: "k1",
      space: "s1",
      target: "js",
      threads: 1,
      device: { device: "Node", driver: "none" },
      dtype: "f32",
      shape: { N: 1, C: 4 },
      offsets: "zero",
      protocol: 1,
    },
    configuration: { tile, fast: true },
    status: "correct",
    median: 2 + tile,
    interval: [1 + tile, 3 + tile],
    samples: 10,
    worst: 0.25,
    spent: { compile: 1, verify: 2, measure: 3 },
    clock: { name: "processor", resolution: 0.001 },
    at: `2026-01-01T00:00:${String(tile).padStart(2, "0")}.000Z`,
    ...more,
  };
}
