// Two ways of finding races that share no code: the interpreter of nests, by elements, and the races build of
// emitted CUDA, by words of memory. On random kernels they must say the same.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { type Random, randomFor } from "../../generators/check/random.ts";
import { frameUnit, printUnit } from "../../generators/emit/unit.ts";
import { type Block, i32, type NestExpr, type Stmt } from "../../generators/ir/nest.ts";
import { dumpNest } from "../../generators/ir/nestDump.ts";
import { interpretPlan } from "../../generators/ir/nestInterpret.ts";
import type { Plan } from "../../generators/ir/plan.ts";
import { openCuda } from "../../targets/cuda/executor.ts";
import { cuda } from "../../targets/cuda/target.ts";
import { findHostCompiler } from "../../targets/native/compilers.ts";
import { unitOf } from "../unit/emit.fixtures.ts";
import {
  accumulate,
  barrier,
  buffer,
  f32,
  load,
  loop,
  op,
  planOf,
  store,
  v,
  when,
} from "../unit/nest.fixtures.ts";

const [groups, threads, count] = [3, 4, 120];
const size = groups * threads;

const own = op("add", op("mul", v("g"), i32(threads)), v("t"));
/** Addresses below `size` that are a thread's own, its group's or anybody's. */
const addresses: readonly NestExpr[] = [
  own,
  own,
  own,
  v("t"),
  v("g"),
  i32(5),
  op("rem", op("add", own, i32(1)), i32(size)),
  op("quot", own, i32(2)),
  op("add", op("mul", v("g"), i32(threads)), op("sub", i32(threads - 1), v("t"))),
];
/** Addresses within a group's shared memory. */
const places: readonly NestExpr[] = [
  v("t"),
  v("t"),
  i32(0),
  op("quot", v("t"), i32(2)),
  op("sub", i32(threads - 1), v("t")),
];

/** Uses a value, so that no compiler leaves out what it is read from. */
const keep = (value: NestExpr): Stmt => store("mine", own, op("add", load("mine", own), value));

/** One thing that each thread does, or one thread of each group. */
function drawStatement(random: Random): Block {
  const act = (): Stmt => {
    switch (random.whole(0, 5)) {
      case 0:
        return store("out", random.pick(addresses), f32(random.whole(1, 9)));
      case 1:
        return accumulate("out", random.pick(addresses), f32(1), "plain");
      case 2:
        return accumulate("out", random.pick(addresses), f32(1), "atomic");
      case 3:
        return store("tile", random.pick(places), f32(random.whole(1, 9)));
      case 4:
        return keep(load("out", random.pick(addresses)));
      default:
        return keep(load("tile", random.pick(places)));
    }
  };
  if (random() < 0.45) return [barrier];
  if (random() < 0.25) return [when(op("eq", v("t"), i32(random.whole(0, 3))), [act()])];
  return [act()];
}

function drawPlan(number: number): Plan {
  const random = randomFor(`races ${number}`);
  const body = Array.from({ length: random.whole(2, 6) }, () => drawStatement(random)).flat();
  const nest = {
    name: `races_${number}`,
    scalars: [{ name: "N", type: "i32" as const }],
    constants: [],
    buffers: [
      buffer("out", "global", "update", v("N")),
      buffer("mine", "global", "update", v("N")),
      buffer("tile", "shared", "update", threads),
    ],
    group: threads,
    body: [loop("grid", "g", groups, [loop("group", "t", threads, body)])],
  };
  const plan = planOf(nest, groups, { name: `test_${number}` });
  const fills = ["out", "mine"].map((name) => ({ kind: "fill", buffer: name, value: 0 }) as const);
  const buffers = plan.buffers.map((b) => ({ ...b, axes: [["N"]] }));
  return { ...plan, buffers, steps: [...fills, ...plan.steps] };
}

const cache = mkdtempSync(join(tmpdir(), "warpweave-test-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

it("the interpreter and the races build agree on random kernels", async ({ skip }) => {
  const plans = Array.from({ length: count }, (_, number) => drawPlan(number));
  const racy = plans.map((plan) => {
    const found = (["forward", "reverse", "shuffled"] as const).map((order) => {
      try {
        interpretPlan(plan, {}, { N: size }, {}, { mode: "f32", order, poison: true });
        return false;
      } catch (error) {
        expect(String(error)).toContain("race: element");
        return true;
      }
    });
    expect(new Set(found).size, dumpNest(nestOf(plan))).toBe(1);
    return found[0]!;
  });
  const share = racy.filter(Boolean).length / count;
  expect(share).toBeGreaterThan(0.3);
  expect(share).toBeLessThan(0.8);

  const printed = printUnit(unitOf(...plans), cuda);
  const source = frameUnit(printed, cuda).get("cuda/test.cu")!;
  for (const order of ["forward", "random:2"] as const) {
    const races = await openCuda({ build: "races", order, cache });
    if ("unavailable" in races) {
      const isNeeded = process.env.CI !== undefined && (await findHostCompiler()) !== undefined;
      expect(isNeeded, races.unavailable).toBe(false);
      console.warn(`Skipped: races in random CUDA kernels. ${races.unavailable}`);
      return skip(races.unavailable);
    }
    for (const [i, { entry }] of printed.plans.entries()) {
      const finding = await races.run({ entry, source }, { inputs: {}, scalars: { N: size } }).then(
        () => "",
        (error: Error) => error.message,
      );
      if (finding) expect(finding).toMatch(/^Race in /);
      expect(finding !== "", `${dumpNest(nestOf(plans[i]!))}\n${finding}`).toBe(racy[i]);
    }
  }
}, 600_000);

function nestOf({ steps }: Plan) {
  const step = steps.at(-1);
  if (step?.kind !== "launch") throw new Error("the plan has no launch");
  return step.nest;
}
