// The uniform block of a launch: its scalars in order, then the `group_base` of the dispatch. The manifest
// describes it by the same layout by which the executor writes it.

import type { Numbers } from "../contract/job.ts";
import type { Entry, LaunchStep, ScalarInfo, UniformBlock } from "../contract/program.ts";

/** The block of these scalars: 4 bytes each, then `group_base`, in whole 16-byte rows. */
export function layOutUniform(
  binding: number,
  scalars: readonly Pick<ScalarInfo, "name" | "type">[],
): UniformBlock {
  return {
    binding,
    bytes: Math.ceil(((scalars.length + 1) * 4) / 16) * 16,
    members: [
      ...scalars.map(
        ({ name, type }, at) => ({ name, type, offset: at * 4, from: "scalar" }) as const,
      ),
      { name: "group_base", type: "u32", offset: scalars.length * 4, from: "executor" },
    ],
  };
}

/** The block of a launch as its manifest describes it, or as it always was where that says nothing. */
export function uniformOfLaunch(entry: Entry, launch: LaunchStep): UniformBlock {
  if (launch.uniform) return launch.uniform;
  const types = new Map(entry.scalars.map(({ name, type }) => [name, type]));
  // What is no scalar of the entry is a size that it computes, an integer.
  const scalars = launch.scalars.map((name) => ({ name, type: types.get(name) ?? "i32" }) as const);
  return layOutUniform(launch.scalarsBinding, scalars);
}

/** The bytes of a block for one dispatch. */
export function packUniform(block: UniformBlock, scalars: Numbers, groupBase: number): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(block.bytes));
  for (const { name, type, offset, from } of block.members) {
    const value = from === "executor" ? groupBase : scalars[name]!;
    switch (type) {
      case "i32":
        view.setInt32(offset, value, true);
        break;
      case "u32":
        view.setUint32(offset, value, true);
        break;
      case "f32":
        view.setFloat32(offset, value, true);
        break;
      default: {
        return type satisfies never;
      }
    }
  }
  return view.buffer;
}
