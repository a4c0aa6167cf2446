// Runs plans in a kernel library loaded into this process: on a GPU, or in the simulation.

import { createArray } from "../contract/job.ts";
import type { Data } from "../contract/program.ts";
import { loadKoffi } from "../native/koffi.ts";
import type { KernelRunner, Plan, PlannedArg } from "./plan.ts";

/** What a kernel did wrong, and in which step of its plan. */
export class LaunchError extends Error {
  readonly step: number;

  constructor(message: string, step: number) {
    super(message);
    this.step = step;
  }
}

/** Loads the kernel library at `path` (launcher.h); `order` is for the simulation only. */
export async function loadLibrary(path: string, order?: string): Promise<KernelRunner> {
  const koffi = await loadKoffi();
  if (!koffi) throw new Error("The npm package koffi is not installed.");
  const library = koffi.load(path);
  const device = library.func("int ww_device(void *, int, void *, int)");
  const alloc = library.func("int ww_alloc(uint64_t, void *)");
  const free = library.func("int ww_free(uint64_t)");
  const write = library.func("int ww_write(uint64_t, void *, uint64_t)");
  const read = library.func("int ww_read(void *, uint64_t, uint64_t)");
  const launch = library.func("int ww_launch(str, uint32_t, uint32_t, str, void *)");
  const setOrder = library.func("int ww_order(str)");
  const lastError = library.func("str ww_last_error()");

  const check = (code: number) => {
    if (code !== 0) throw new Error(lastError() as string);
  };

  function allocate(bytes: number): bigint {
    const address = new BigUint64Array(1);
    check(alloc(bytes, address));
    return address[0]!;
  }

  function runPlan(plan: Plan, addresses: bigint[]): Record<string, Data> {
    for (const { dtype, elements, content } of plan.buffers) {
      const bytes = createArray(dtype, 0).BYTES_PER_ELEMENT * elements;
      const address = allocate(bytes);
      addresses.push(address);
      if (content) check(write(address, content, bytes));
    }
    for (const [index, step] of plan.steps.entries()) {
      switch (step.kind) {
        case "write":
          check(write(addresses[step.buffer], step.content, step.content.byteLength));
          break;
        case "launch": {
          const signature = step.args.map(({ letter }) => letter).join("");
          const slots = packArgs(step.args, (buffer) => addresses[buffer]!);
          if (launch(step.function, step.groups, step.group, signature, slots) !== 0)
            throw new LaunchError(lastError() as string, index);
          break;
        }
        default:
          step satisfies never;
      }
    }
    const outputs: Record<string, Data> = {};
    for (const at of plan.outputs) {
      const { name, dtype, elements } = plan.buffers[at]!;
      const data = createArray(dtype, elements);
      check(read(data, addresses[at], data.byteLength));
      outputs[name] = data;
    }
    return outputs;
  }

  return {
    async describe() {
      const [name, driver] = [new Uint8Array(256), new Uint8Array(256)];
      check(device(name, name.length, driver, driver.length));
      return { device: readText(name), driver: readText(driver) };
    },
    async run(plan) {
      if (order !== undefined) check(setOrder(order));
      const addresses: bigint[] = [];
      try {
        return runPlan(plan, addresses);
      } finally {
        for (const address of addresses) free(address);
      }
    },
  };
}

/** Eight bytes for each argument, its value in the first of them. */
export function packArgs(
  args: readonly PlannedArg[],
  place: (buffer: number) => bigint,
): Uint8Array {
  const slots = new DataView(new ArrayBuffer(args.length * 8));
  for (const [index, arg] of args.entries())
    switch (arg.letter) {
      case "p":
        slots.setBigUint64(index * 8, place(arg.buffer), true);
        break;
      case "i":
        slots.setInt32(index * 8, arg.value, true);
        break;
      case "f":
        slots.setFloat32(index * 8, arg.value, true);
        break;
      default:
        arg satisfies never;
    }
  return new Uint8Array(slots.buffer);
}

function readText(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, bytes.indexOf(0))).toString("utf8");
}
