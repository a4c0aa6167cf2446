// Runs a plan with the kernels of a PTX file.

import { arrayTypes } from "../../contract/job.ts";
import type { Data } from "../../contract/program.ts";
import type { Plan, PlannedArg } from "../plan.ts";
import { assemble } from "./assemble.ts";
import { type Allocation, Memory } from "./memory.ts";
import type { ThreadOrder } from "./order.ts";
import { runLaunch } from "./run.ts";
import type { Moment } from "./shadow.ts";
import type { Module } from "./syntax.ts";

/** How a plan is run. */
export interface PtxRun {
  readonly order: ThreadOrder;
  /** Instructions that a launch may take. */
  readonly budget: number;
  /** Bytes of dynamic shared memory; generated kernels take none. */
  readonly sharedBytes?: number;
}

/** What a plan gives, and what it took. */
export interface PtxResults {
  readonly outputs: Readonly<Record<string, Data>>;
  readonly instructions: number;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Data): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Runs all steps; throws at the first thing that a kernel does wrong. */
export function runPtx(module: Module, plan: Plan, run: PtxRun): PtxResults {
  const { order, budget, sharedBytes = 0 } = run;
  const moment: Moment = { launch: 1, block: 1, now: 0, thread: 0, warps: new Int32Array(32) };
  const memory = new Memory(moment);
  const buffers = plan.buffers.map(({ name, dtype, elements, content }) => {
    const element = arrayTypes[dtype].BYTES_PER_ELEMENT;
    return memory.allocate(name, elements * element, {
      element,
      ...(content ? { content: bytesOf(content) } : {}),
    });
  });
  let instructions = 0;
  for (const step of plan.steps) {
    switch (step.kind) {
      case "write":
        memory.write(buffers[step.buffer]!, bytesOf(step.content));
        break;
      case "launch": {
        const { groups, group } = step;
        const program = assemble(module, step.function, {
          memory,
          moment,
          threads: group,
          sharedBytes,
        });
        const args = step.args.map((arg) => packArg(arg, buffers));
        instructions += runLaunch(program, { groups, group, args, order, budget }).instructions;
        break;
      }
      default:
        throw new Error(`there is no step ${step satisfies never}`);
    }
  }
  const outputs = plan.outputs.map((at): [string, Data] => {
    const { name, dtype } = plan.buffers[at]!;
    const { bytes, size } = buffers[at]!;
    return [name, new arrayTypes[dtype](bytes.slice(0, size).buffer)];
  });
  return { outputs: Object.fromEntries(outputs), instructions };
}

function packArg(arg: PlannedArg, buffers: readonly Allocation[]): Uint8Array {
  switch (arg.letter) {
    case "p":
      return bytesOfLong(BigInt(buffers[arg.buffer]!.base));
    case "i":
      return new Uint8Array(Int32Array.of(arg.value).buffer);
    case "f":
      return new Uint8Array(Float32Array.of(arg.value).buffer);
    default:
      throw new Error(`there is no argument ${arg satisfies never}`);
  }
}

const bytesOfLong = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);
