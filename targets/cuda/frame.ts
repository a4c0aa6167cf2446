import {
  argumentList,
  comment,
  describeOrder,
  describeTensors,
  fileName,
  preamble,
} from "../../generators/emit/frame.ts";
import { createNames } from "../../generators/emit/names.ts";
import type { Framed, PrintedNest, PrintedUnit } from "../../generators/emit/target.ts";
import type { BufferDecl } from "../../generators/ir/nest.ts";
import { frameHost } from "./host/frame.ts";
import { functionName, reserved } from "./reserved.ts";

const safe = createNames(reserved);

const pointee: Readonly<Record<BufferDecl["dtype"], string>> = {
  i32: "int",
  u32: "unsigned",
  f16: "unsigned short", // its bits: there is no half without a header
  bf16: "unsigned short",
  f32: "float",
  f64: "double",
};

/**
 * The blocks that a multiprocessor must be able to run at once: 512 threads' worth, so that the assembler gives a
 * thread up to 128 registers. Without a number it aims at more threads and may spill for them.
 */
const leastBlocks = (threads: number): number =>
  Math.min(16, Math.max(1, Math.floor(512 / threads)));

function declareKernel({ nest, body }: PrintedNest, groups: string) {
  const pointers = nest.buffers
    .filter(({ place }) => place === "global")
    .map(({ name, dtype, access }) => {
      const type = `${access === "read" ? "const " : ""}${pointee[dtype]}`;
      return `${type}* __restrict__ ${safe(name)}`;
    });
  const numbers = nest.scalars.map(
    ({ name, type }) => `${type === "i32" ? "int" : "float"} ${safe(name)}`,
  );
  const bounds = `__launch_bounds__(${nest.group}, ${leastBlocks(nest.group)})`;
  const flat = `extern "C" __global__ void ${bounds} ${functionName(nest.name)}(`;
  const head = flat.length <= 100 ? flat : flat.replace(`${bounds} `, `${bounds}\n`);
  return {
    about: comment(`Grid: ${groups} blocks of ${nest.group} threads.`, "//"),
    head: argumentList(head, [...pointers, ...numbers], ") {"),
    body,
  };
}

/** Files of several kernels can be compiled as one: what they share is then there once. */
function guardHelper(text: string): string {
  const name = /(\w+)\(/.exec(text.replace(/^\/\/.*$/gm, ""))?.[1];
  if (name === undefined) throw new Error(`A CUDA helper has no name: ${text}`);
  const macro = `WARPWEAVE_${name.toUpperCase()}`;
  return `#ifndef ${macro}\n#define ${macro}\n${text}\n#endif`;
}

/** One .cu file: macros for the options, helper functions, a kernel for each launch; and its host part. */
export function frame(unit: PrintedUnit): readonly Framed[] {
  const constants = new Map(
    unit.plans.flatMap(({ entry }) => entry.constants.map((c) => [c.name, c] as const)),
  );
  const macros = [...constants.values()].map(({ name, option, values, default: value }) => ({
    name,
    value,
    about: comment(`${option}: ${values.map((v, i) => `${i} ${v}`).join(", ")}`, "//"),
  }));
  return [
    {
      path: `cuda/${fileName(unit)}.cu`,
      template: new URL("./kernels.cu.hbs", import.meta.url),
      data: {
        preamble: preamble(unit, "CUDA C++, for a one-dimensional grid", "//"),
        tensors: describeTensors(unit),
        order: describeOrder(unit, "//"),
        macros,
        helpers: unit.helpers.map(guardHelper),
        kernels: unit.plans.flatMap(({ nests, entry }) => {
          const launches = entry.steps.filter((step) => step.kind === "launch");
          return nests.map((nest, at) => declareKernel(nest, launches[at]!.groups));
        }),
      },
    },
    ...frameHost(unit),
  ];
}
