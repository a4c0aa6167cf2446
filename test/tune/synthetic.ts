// Spaces that no device was measured for: stencils on a machine that is made of a few formulas, with
// configurations that fail, tiles that have to fit together, and noise.

import { readExpr } from "../../generators/tune/formats/python.ts";
import { createRecording, type Recording } from "../../generators/tune/replay/recording.ts";
import { createRandom } from "../../generators/tune/search/random.ts";
import type { Outcome, Random } from "../../generators/tune/search/strategy.ts";
import { enumerate } from "../../generators/tune/space/enumerate.ts";
import type { Space } from "../../generators/tune/space/space.ts";

const space: Space = {
  name: "stencil",
  parameters: [
    { name: "bx", values: [8, 16, 32, 48, 64, 96, 128, 256] },
    { name: "by", values: [1, 2, 4, 8, 16, 32] },
    { name: "tx", values: [1, 2, 3, 4, 6, 8] },
    { name: "ty", values: [1, 2, 3, 4, 6, 8] },
    { name: "unroll", values: [1, 2, 4, 8] },
    { name: "shared", values: [false, true] },
    { name: "method", values: ["a", "b", "c"] },
  ],
  constraints: [{ holds: readExpr("32 <= bx * by <= 1024") }],
};

type Choice = Readonly<
  Record<"bx" | "by" | "tx" | "ty" | "unroll", number> & { shared: boolean; method: string }
>;

/** A machine: what things cost on it, drawn by chance. */
function drawMachine(random: Random) {
  const between = (low: number, high: number): number => low + (high - low) * random();
  return {
    registers: between(1, 4),
    unrolled: between(0.5, 3),
    border: Math.floor(between(2, 16)),
    cache: between(0.3, 1),
    memory: between(0.5, 3),
    latency: between(0.2, 1),
    overhead: between(0.3, 2),
    onChip: between(40, 100) * 1024,
    methods: { a: 1, b: between(0.8, 1.5), c: between(0.8, 1.3) } as Record<string, number>,
  };
}

/** What a configuration costs on a machine; undefined where it does not run. */
function costOn(m: ReturnType<typeof drawMachine>, c: Choice): number | undefined {
  const threads = c.bx * c.by;
  const registers = 16 + m.registers * c.tx * c.ty + m.unrolled * c.unroll * c.tx;
  const bytes = c.shared ? (c.bx * c.tx + m.border) * (c.by * c.ty + m.border) * 4 : 0;
  if (bytes > 49_152 || registers * threads > 65_536) return undefined;
  const held = Math.min(255, registers);
  const groups = Math.min(
    Math.floor(2048 / (Math.ceil(threads / 32) * 32)),
    Math.floor(65_536 / (held * threads)),
    bytes > 0 ? Math.floor(m.onChip / bytes) : 16,
    16,
  );
  if (groups < 1) return undefined;
  const halo = (1 + m.border / (c.bx * c.tx)) * (1 + m.border / (c.by * c.ty));
  const reuse = c.shared ? halo : 1 + (m.cache * m.border) / (c.tx * c.ty);
  const memory = m.memory * reuse * Math.max(1, 32 / c.bx) ** 0.6;
  const spilled = 1 + Math.max(0, registers - 255) / 60;
  const work = 1 + m.overhead / (c.tx * c.ty) + m.overhead / (2 * c.unroll);
  const compute = work * spilled * m.methods[c.method]!;
  const busy = (groups * threads) / 2048;
  const hidden = Math.min(1, (busy * (1 + Math.log2(c.tx * c.ty) / 2) + 0.05) / m.latency);
  return (Math.max(memory, compute) + 0.2 * Math.min(memory, compute)) / hidden;
}

/** The space on the machine of a seed, as if it had been measured, with 2 % of noise. */
export function recordSynthetic(seed: number): Recording {
  const random = createRandom(seed);
  const machine = drawMachine(random);
  const points = enumerate(space);
  const entries = Array.from({ length: points.size }, (_, i) => {
    const configuration = points.at(i);
    const cost = costOn(machine, configuration as unknown as Choice);
    const noise = Math.exp(
      0.02 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(6.28 * random()),
    );
    const outcome: Outcome = cost === undefined ? { failed: "resources" } : { cost: cost * noise };
    return { configuration, outcome };
  });
  return createRecording({ space: { ...space, name: `stencil ${seed}` }, entries });
}
