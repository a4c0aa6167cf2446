// One execution by generated kernels on a target.

import { decodeData, encodeData, type Narrow } from "../../targets/contract/half.ts";
import type { Data, Executor, Job, Program } from "../../targets/contract/program.ts";
import { compileKernels, scheduleOn } from "../compile.ts";
import type { Operator } from "../frontend/operator.ts";
import { gradientsOn } from "../gradients.ts";
import type { Kernel } from "../ir/kernel.ts";
import type { NamedSchedule } from "../schedule/defaults.ts";
import { describeDevice } from "../tune/database/identity.ts";
import { type Chosen, chooseSchedule } from "../tune/winners/schedules.ts";
import type { Winner } from "../tune/winners/winner.ts";
import type { Arguments } from "./arguments.ts";
import { UserError } from "./errors.ts";
import { type Execution, timed } from "./execution.ts";
import { openExecutor } from "./executors.ts";
import { tensorOf } from "./gradients.ts";
import { arrayOf } from "./io/arrays.ts";
import type { NpArray } from "./io/dtypes.ts";
import { compileProgram } from "./kernels.ts";
import { parseTarget } from "./targets.ts";
import type { Upstream } from "./upstream.ts";

/** Outputs, how long they took, and how long a compiler did before. */
interface Ran {
  readonly outputs: Record<string, Data>;
  readonly milliseconds: number;
  readonly built: number;
}

/** Runs the forward, and the gradients where `upstream` is given, in one opening of the target's executor. */
export async function executeTarget(
  operator: Operator,
  target: string,
  args: Arguments,
  upstream: Upstream | undefined,
  storage: Narrow | undefined,
  threads: number | undefined,
  winners: readonly Winner[],
): Promise<Execution> {
  const { data, shapes, resolved, signature } = args;
  const executor = await openExecutor(target, threads);
  try {
    requireFeature(operator, executor, storage);
    const known = new Map<Kernel, Chosen>();
    const choose = (kernel: Kernel): NamedSchedule | undefined => {
      const chosen =
        known.get(kernel) ??
        chooseSchedule(winners, kernel, parseTarget(target), {
          dtype: storage ?? "f32",
          threads: threads ?? 1,
          device: describeDevice(executor.device),
          shape: resolved.scalars,
        });
      known.set(kernel, chosen);
      return chosen.schedule;
    };
    const forward = compileProgram(operator, target, resolved.present, storage, choose);
    const backward =
      upstream && compileGradients(operator, target, args, upstream, storage, choose);
    const first = await run(executor, forward, args, { inputs: data });
    const results = signature.outputs.map(({ name }): [string, NpArray] => [
      name,
      resultOf(forward, name, resolved.outputs[name]!, first.outputs[name]!),
    ]);
    const milliseconds = [first.milliseconds];
    let { built } = first;
    if (backward && upstream) {
      const inputs = { ...data, ...upstream.data };
      const { wanted } = upstream;
      const second = await run(executor, backward, args, { inputs, wanted });
      // A gradient has the shape of what it is the gradient of.
      for (const name of wanted)
        results.push([
          name,
          resultOf(backward, name, shapes[tensorOf(name)]!, second.outputs[name]!),
        ]);
      milliseconds.push(second.milliseconds);
      built += second.built;
    }
    const schedules = [...known].map(([{ role }, { found }]) => ({
      role,
      rule: found.rule,
      why: found.why,
    }));
    const { device } = executor;
    return {
      results: Object.fromEntries(results),
      device,
      milliseconds,
      ...(executor.build && { built }),
      schedules,
    };
  } finally {
    await executor.close();
  }
}

/** Refuses a device that lacks what a type of data needs. */
function requireFeature(
  { name }: Operator,
  { device }: Executor,
  storage: Narrow | undefined,
): void {
  const target = parseTarget(device.target);
  const feature = storage && target.capabilities.stores?.[storage]?.feature;
  if (feature === undefined || device.features?.includes(feature)) return;
  throw new UserError(
    `${name} cannot run in ${storage} on ${device.target} here: ${device.device} has no ${feature}`,
  );
}

/** A result as NumPy holds it: f16 as such, bf16, which it has not, as float32. */
function resultOf({ entry }: Program, name: string, shape: readonly number[], data: Data): NpArray {
  const dtype = entry.tensors.find((t) => t.name === name && t.role === "output")?.dtype ?? "f32";
  const array = arrayOf(shape, decodeData(data, dtype));
  return dtype === "f16" ? { ...array, dtype: "f2" } : array;
}

/** The program of the gradients of one variant; refused where the target cannot compute one that is wanted. */
function compileGradients(
  operator: Operator,
  name: string,
  { resolved }: Arguments,
  { wanted }: Upstream,
  storage: Narrow | undefined,
  choose: (kernel: Kernel) => NamedSchedule | undefined,
): Program {
  const target = parseTarget(name);
  const { kernels, left } = gradientsOn({ ...operator, variants: [resolved.present] }, target);
  const lacking = wanted.filter((gradient) => left.includes(gradient));
  if (lacking.length > 0) {
    const others = kernels.flatMap(({ outputs }) => outputs);
    const chosen = others.map(tensorOf).join(",");
    throw new UserError(
      `${name} cannot compute ${lacking.join(", ")}, which adds to elements that an index ` +
        `chooses; ${others.length > 0 ? `it computes ${others.join(", ")}: ask for --gradients ${chosen}` : `it computes no gradient of ${operator.name}`}`,
    );
  }
  const schedule = scheduleOn(target, choose, storage);
  const [program] = compileKernels(operator, kernels, target, schedule).programs;
  if (program === undefined) throw new Error(`${operator.name} has no gradients for ${name}`);
  return program;
}

async function run(
  executor: Executor,
  program: Program,
  { resolved }: Arguments,
  job: Pick<Job, "inputs" | "wanted">,
): Promise<Ran> {
  const { entry } = program;
  const constants = entry.constants.flatMap(({ name, option }) => {
    const chosen = resolved.options[option];
    return chosen === undefined ? [] : [[name, chosen] as const];
  });
  const taken = entry.tensors.flatMap(({ role, name, dtype }) => {
    const array = job.inputs[name];
    return role === "input" && array !== undefined
      ? [[name, encodeData(array, dtype)] as const]
      : [];
  });
  const whole: Job = {
    ...job,
    inputs: Object.fromEntries(taken),
    scalars: resolved.scalars,
    constants: Object.fromEntries(constants),
  };
  try {
    const building = await timed(() => executor.build?.(program, whole));
    const ran = await timed(() => executor.run(program, whole));
    return { ...ran, built: executor.build === undefined ? 0 : building.milliseconds };
  } catch (error) {
    // Executors refuse what is beyond a limit of the device with a RangeError.
    if (!(error instanceof RangeError)) throw error;
    const { target } = executor.device;
    throw new UserError(`${target} cannot run this: ${error.message.replace(/\.$/, "")}`);
  }
}
