import {
  comment,
  describeOrder,
  describeTensors,
  fileName,
  preamble,
} from "../../generators/emit/frame.ts";
import { createNames } from "../../generators/emit/names.ts";
import { countElements } from "../../generators/emit/printer.ts";
import type { Framed, PrintedPlan, PrintedUnit } from "../../generators/emit/target.ts";
import { breakable, wrap } from "../../generators/emit/wrap.ts";
import type { BufferDecl } from "../../generators/ir/nest.ts";
import { reserved } from "./reserved.ts";
import { globalVariables, sharedVariables, uniformOf, uniforms } from "./variables.ts";

const safe = createNames(reserved);

const element: Readonly<Record<BufferDecl["dtype"], string>> = {
  i32: "i32",
  u32: "u32",
  f16: "f16",
  bf16: "bf16",
  f32: "f32",
  f64: "f64",
};

function declareKernels({ plan, nests }: PrintedPlan, all: readonly PrintedPlan["plan"][]) {
  return nests.map(({ nest, body, groups }) => ({
    name: safe(nest.name),
    threads: nest.group,
    params: uniformOf(plan, all).name,
    guard: wrap(`if (group >= ${breakable(groups)}) {`, 2, 100, 2).join("\n"),
    // An unused value is an error to some compilers, a warning to others.
    thread: nest.group > 1,
    body,
  }));
}

/** One module: overrides for the options, bindings, helper functions, an entry point for each launch. */
export function frame(unit: PrintedUnit): readonly Framed[] {
  const plans = unit.plans.map(({ plan }) => plan);
  const { buffers, scalars } = unit.bindings;
  const constants = new Map(
    unit.plans.flatMap(({ entry }) => entry.constants.map((c) => [c.name, c] as const)),
  );
  return [
    {
      path: `wgsl/${fileName(unit)}.wgsl`,
      template: new URL("./module.wgsl.hbs", import.meta.url),
      data: {
        preamble: preamble(unit, "WGSL", "//"),
        enables: unit.storage === "f16" ? ["f16"] : [],
        tensors: describeTensors(unit),
        order: describeOrder(unit, "//"),
        overrides: [...constants.values()].map(({ name, option, values, default: value }) => ({
          name,
          value,
          about: comment(`${option}: ${values.map((v, i) => `${i} ${v}`).join(", ")}`, "//"),
        })),
        buffers: globalVariables(plans)
          .map(({ name, mode, decl }) => ({
            name,
            binding: buffers.get(decl.name) ?? 0,
            access: mode === "read" ? "read" : "read_write",
            type: mode === "atomic" ? "atomic<u32>" : element[decl.dtype],
          }))
          .sort((a, b) => a.binding - b.binding),
        uniforms: uniforms(plans).map(({ name, type, scalars: members }) => ({
          name,
          type,
          binding: scalars,
          members: members.map((member) => ({ name: safe(member.name), type: member.type })),
        })),
        shared: sharedVariables(plans).map(({ name, decl }) => ({
          name,
          type: element[decl.dtype],
          elements: countElements(decl),
        })),
        helpers: unit.helpers,
        kernels: unit.plans.flatMap((printed) => declareKernels(printed, plans)),
      },
    },
  ];
}
