// Loads and stores.

import { type Assembly, type Form, form } from "../forms.ts";
import type { Op } from "../machine.ts";
import type { Touch } from "../shadow.ts";
import type { Operand } from "../syntax.ts";
import { bytesOf, type Scalar } from "../types.ts";
import { reader, spaceOf, writer } from "./elements.ts";

const section = (name: string): string => `Data Movement and Conversion Instructions: ${name}`;

const types = "(type:b8|b16|b32|b64|u8|u16|u32|u64|s8|s16|s32|s64|f32|f64)";
const spaces = "{space:global|shared|shared::cta|local|const|param}";
const vector = "{vector:v2|v4|v8}";
// Where data is kept on its way, which changes no value.
const cache = "{cache:ca|cg|cs|lu|cv|wb|wt}";
const level = "{level:L1::evict_normal|L1::evict_last|L1::evict_first|L1::no_allocate}";
const ahead = "{prefetch:L2::64B|L2::128B|L2::256B}";
const scope = "(scope:cta|cluster|gpu|sys)";

/** How many elements, and of how many bytes. */
function shapeOf(
  a: Assembly,
  operand: number,
): { readonly parts: readonly Operand[]; readonly bytes: number } {
  const parts = a.parts(operand);
  const lanes = a.mods.vector ? Number(a.mods.vector.slice(1)) : 1;
  if (parts.length !== lanes) a.refuse(`${lanes} elements need as many registers`);
  return { parts, bytes: bytesOf(a.mods.type as Scalar) };
}

/** One access of one element or a few, all aligned to their whole size. */
function access(a: Assembly, how: Touch, at: number, data: number): Op {
  const { parts, bytes } = shapeOf(a, data);
  const type = a.mods.type as Scalar;
  const writes = how === "write" || how === "atomic";
  const slots = parts.map((operand) =>
    writes ? a.source(operand, type, true) : a.target(operand, type, true),
  );
  const moves = parts.map((operand) =>
    writes ? writer(type) : reader(type, a.widthOf(operand) ?? bytes),
  );
  const { compute, window } = a.address(at, spaceOf(a));
  const { machine, site } = a;
  const { memory } = machine;
  const width = bytes * parts.length;
  const [slot, move] = [slots[0]!, moves[0]!];
  if (parts.length === 1)
    return (b) => {
      const found = memory.find(compute(b), width, window, site);
      memory.touch(found, width, how, site);
      move(machine, found, memory.offset, b + slot);
    };
  return (b) => {
    const found = memory.find(compute(b), width, window, site);
    memory.touch(found, width, how, site);
    const { offset } = memory;
    for (let i = 0; i < slots.length; i++)
      moves[i]!(machine, found, offset + i * bytes, b + slots[i]!);
  };
}

const nothing = (): Op => () => {};

/** The rows of memory. */
export const accessing: readonly Form[] = [
  form("ld", `{weak} ${spaces} ${cache} ${level} ${ahead} ${vector} ${types}`, section("ld"), (a) =>
    access(a, "read", 1, 0),
  ),
  form(
    "ld",
    `{weak} global ${cache} nc ${level} ${ahead} ${vector} ${types}`,
    section("ld.global.nc"),
    (a) => access({ ...a, mods: { ...a.mods, space: "global" } }, "constant", 1, 0),
  ),
  form("ld", `volatile ${spaces} ${vector} ${types}`, section("ld"), (a) =>
    access(a, "sync", 1, 0),
  ),
  form("ld", `(sem:relaxed|acquire) ${scope} ${spaces} ${vector} ${types}`, section("ld"), (a) =>
    access(a, "sync", 1, 0),
  ),
  form("ldu", `{space:global} ${vector} ${types}`, section("ldu"), (a) =>
    access(a, "constant", 1, 0),
  ),
  form("st", `{weak} ${spaces} ${cache} ${level} ${vector} ${types}`, section("st"), (a) =>
    access(a, "write", 0, 1),
  ),
  form("st", `volatile ${spaces} ${vector} ${types}`, section("st"), (a) =>
    access(a, "atomic", 0, 1),
  ),
  form("st", `(sem:relaxed|release) ${scope} ${spaces} ${vector} ${types}`, section("st"), (a) =>
    access(a, "atomic", 0, 1),
  ),
  form("prefetch", "{space:global|local} (level:L1|L2)", section("prefetch"), nothing),
];
