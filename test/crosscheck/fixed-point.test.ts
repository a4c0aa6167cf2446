import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { magnitudeOf } from "../../generators/ir/fixed.ts";
import type { Plan } from "../../generators/ir/plan.ts";
import type { Executor, Program, Unavailable } from "../../targets/contract/program.ts";
import { type CudaOptions, openCuda } from "../../targets/cuda/executor.ts";
import { findTarget } from "../../targets/registry.ts";
import { openWgsl } from "../../targets/wgsl/adapter.ts";
import { programOf } from "../unit/emit.fixtures.ts";
import {
  type Additions,
  adding,
  additionsOf,
  bitsOf,
  global,
  groupsOf,
  lists,
  numbersOf,
  plan,
  reversed,
  sumOf,
  sums,
  threads,
  totals,
  used,
} from "../unit/fixed-point.fixtures.ts";
import { load, store, v } from "../unit/nest.fixtures.ts";

// Sums in fixed point: no device, order of threads or order of contributions changes a bit of them.

const orders: readonly CudaOptions[] = [
  { build: "simulation", order: "forward" },
  { build: "simulation", order: "reverse" },
  { build: "simulation", order: "random:1" },
  { build: "simulation", order: "random:2" },
];
interface DeviceCase {
  readonly name: string;
  readonly target: "wgsl" | "cuda";
  readonly open: () => Promise<Executor | Unavailable>;
}
const devices: readonly DeviceCase[] = [
  { name: "wgsl", target: "wgsl", open: openWgsl },
  ...orders.map(
    (how): DeviceCase => ({
      name: `cuda, threads ${how.order}`,
      target: "cuda",
      open: () => openCuda(how),
    }),
  ),
];

/** The plan with sums that begin with given words, of which the largest magnitude is the first. */
const begun = global("begun", "u32", "input", "W");
const continuing: Plan = {
  ...plan,
  operator: "add_more",
  name: "add_more",
  scalars: ["K", "E", "W"].map((name) => ({ name, type: "i32", from: "size" })),
  buffers: [...plan.buffers, begun],
  steps: [
    {
      kind: "launch",
      groups: groupsOf(v("W")),
      nest: {
        name: "begin",
        scalars: [{ name: "W", type: "i32" }],
        constants: [],
        buffers: [used(sums, "write"), used(begun, "read")],
        ...threads(v("W"), [store(sums.name, v("i"), load("begun", v("i"), "u32"))]),
      },
    },
    adding("fixed"),
    totals,
  ],
};

const one = magnitudeOf(1);
/** Sums near what is the most or the least that fits, what is added (1 is 2^29 quanta), and what results. */
const edges = [
  { low: 0xdfffffff, high: 0x7fffffff, add: 1, want: 2 ** 34 },
  { low: 0xe0000000, high: 0x7fffffff, add: 1, want: Number.NaN },
  { low: 0xffffffff, high: 0x7fffffff, add: -1, want: 2 ** 34 },
  { low: 0x20000000, high: 0x80000000, add: -1, want: -(2 ** 34) },
  { low: 0x1fffffff, high: 0x80000000, add: -1, want: Number.NaN },
  // Larger than was measured, as where a compiler rounds the two passes apart.
  { low: 0, high: 0, add: 3, want: 3 },
  { low: 0, high: 0, add: 5, want: 4 },
  { low: 0, high: 0, add: -1e6, want: -4 },
  // A magnitude whose lower word is 0; one half way between two floats, and one that is a quantum more.
  { low: 0x20000000, high: 0xffffffff, add: -1, want: -8 },
  { low: 0xe0000000, high: 0x4000003f, add: 1, want: 0x800000 * 1024 },
  { low: 0xe0000001, high: 0x4000003f, add: 1, want: 0x800001 * 1024 },
];

type Run = (
  program: Program,
  additions: Additions,
  more?: Readonly<Record<string, Uint32Array>>,
) => Promise<Float32Array>;

/** Which of what must hold does not, of programs in a target's language. */
async function findWrong(run: Run, adds: Program, more: Program): Promise<readonly string[]> {
  const additions = additionsOf(lists);
  const want = bitsOf(lists.map(sumOf));
  const same = (found: ArrayLike<number>): boolean => bitsOf(found).join() === want.join();
  const ones = additionsOf(edges.map(({ add }) => [add]));
  const words = edges.flatMap(({ low, high }) => [one, 0, low, high]);
  const ends = await run(more, ones, { begun: Uint32Array.from(words) });
  return [
    ...(same(await run(adds, additions)) ? [] : ["as TypeScript adds"]),
    ...(same(await run(adds, reversed(additions))) ? [] : ["in another order"]),
    ...edges.filter((edge, i) => !Object.is(edge.want, ends[i])).map((e) => JSON.stringify(e)),
  ];
}

/** Texts of helpers, each with one that must be found to be wrong. */
const mistakes: Readonly<Record<"wgsl" | "cuda", readonly (readonly [string, string])[]>> = {
  wgsl: [
    ["max(magnitude >> 23u, 1u)", "magnitude >> 23u"],
    ["let down = max(largest >> 23u, 7u)", "let down = max(largest >> 23u, 1u)"],
    ["magnitude < 0x800000u)", "false)"],
    ["0x7fffffffu, up - down > 7u", "0x7fffffffu, up - down > 8u"],
    ["(digits + (1u << (drop - 1u))) >> drop", "digits >> drop"],
    ["0u, drop > 24u", "0u, drop > 23u"],
    ["before + low < before", "before + low <= before"],
    ["0xffffffffu, bits != magnitude", "0u, bits != magnitude"],
    [" && quanta != 0u", ""],
    ["old == 0x7fffffffu && high == 1u", "false"],
    ["old == 0x80000000u && high != 1u", "false"],
    ["select(2u, 1u, bits == magnitude)", "1u"],
    ["4u, magnitude > 0x7f800000u", "4u, false"],
    ["select(0u, 1u, back == 0u)", "0u"],
    ["last == 128u && (rest != 0u ||", "last == 128u && (true ||"],
    ["last == 128u && (rest != 0u ||", "last == 128u && (false ||"],
    ["max(length - 24, 7 - exponent)", "length - 24"],
    ["(rest >> (32u - shift))", "0u"],
  ],
  cuda: [
    ["max(int(magnitude >> 23), 1)", "int(magnitude >> 23)"],
    ["max(int(largest >> 23), 7) + 6", "max(int(largest >> 23), 1) + 6"],
    ["(1u << (-shift - 1))", "0u"],
    ["shift < -24", "shift < -23"],
    ["shift > 7", "shift > 8"],
    ["bits == magnitude ? 1u : 2u", "1u"],
    ["(now < 0) != (added < 0)", "false"],
    ["(old < 0) == (added < 0)", "true"],
    ["rest == half && (digits & 1u) != 0u", "rest == half"],
    ["rest > half ||", "false ||"],
    ["rest = 0u - rest", "rest = ~rest"],
    ["7 - exponent);", "-64);"],
  ],
};

describe.each(devices)("sums of threads, $name", ({ name, target, open }) => {
  let executor: Executor | Unavailable;
  const [adds, more] = [plan, continuing].map((of) => programOf(of, findTarget(target)));
  beforeAll(async () => {
    executor = await open();
    if ("unavailable" in executor) console.log(`skipped: ${target}: ${executor.unavailable}`);
  });
  afterAll(async () => {
    if ("close" in executor) await executor.close();
  });
  const run: Run = async (program, additions, given = {}) => {
    if ("unavailable" in executor) throw new Error(executor.unavailable);
    const { values, places } = additions;
    const scalars = { ...numbersOf(additions), ...(given.begun && { W: given.begun.length }) };
    const { out } = await executor.run(program, { inputs: { values, places, ...given }, scalars });
    return out as Float32Array;
  };

  it("are those of TypeScript, bit for bit, and NaN where they do not fit", async (context) => {
    if ("unavailable" in executor) return context.skip(executor.unavailable);
    expect(await findWrong(run, adds!, more!)).toEqual([]);
  });

  // The other orders of the simulation run the same text.
  const wrong = name === "wgsl" || name === "cuda, threads forward" ? mistakes[target] : [];
  it.for(wrong)("notice %s written as %s", async ([right, other], context) => {
    if ("unavailable" in executor) return context.skip(executor.unavailable);
    const texts = [adds!, more!].map((of) => ({
      ...of,
      source: of.source.replace(right, other),
    }));
    for (const [i, { source }] of texts.entries())
      expect(source).not.toBe([adds!, more!][i]!.source);
    expect(await findWrong(run, texts[0]!, texts[1]!)).not.toEqual([]);
  });

  it("take no longer for each where all are added to one element", async (context) => {
    if ("unavailable" in executor) return context.skip(executor.unavailable);
    const manyTo = (count: number): Additions => ({
      values: Float32Array.from({ length: count }, (_, i) => Math.sin(i)),
      places: new Int32Array(count).fill(3),
      elements: 5,
    });
    const many = manyTo(100_000);
    const found = await run(adds!, many);
    expect(bitsOf(found)).toEqual(bitsOf([0, 0, 0, sumOf([...many.values]), 0]));
    const exact = many.values.reduce((sum, value) => sum + value, 0);
    expect(Math.abs(found[3]! - exact)).toBeLessThan(1e5 * 2 ** -30 + Math.abs(exact) * 2 ** -24);
    /** Of the processor: other work on the machine does not count. */
    const timeOf = async (count: number): Promise<number> => {
      const additions = manyTo(count);
      const times: number[] = [];
      for (let turn = 0; turn < 4; turn++) {
        const start = process.cpuUsage();
        await run(adds!, additions);
        const { user, system } = process.cpuUsage(start);
        times.push(user + system);
      }
      return Math.min(...times);
    };
    // What is quadratic takes 64 times as long for 8 times as many.
    expect(await timeOf(1_600_000)).toBeLessThan(32 * (await timeOf(200_000)));
  }, 60_000);
});
