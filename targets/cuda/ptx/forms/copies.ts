// Copies from global to shared memory that go on while a thread does other things.

import { Fault } from "../fault.ts";
import { type Assembly, type Form, form } from "../forms.ts";
import type { Op, PendingCopy } from "../machine.ts";

const section = (name: string): string => `Data Movement and Conversion Instructions: ${name}`;

/** A copy to shared memory that is there only once it was waited for; until then nobody may read. */
function copyAsync(a: Assembly): Op {
  const size = a.operands[2];
  const given = a.operands[3];
  if (size?.kind !== "integer" || ![4, 8, 16].includes(Number(size.value)))
    return a.refuse("4, 8 or 16 bytes are copied");
  const width = Number(size.value);
  const { machine, site } = a;
  const { memory, ints } = machine;
  const to = a.address(0, "shared").compute;
  const from = a.address(1, "global").compute;
  const take = given === undefined ? undefined : a.source(given, "u32");
  return (b) => {
    const bytes = take === undefined ? width : Math.min(ints[b + take]!, width);
    // Bytes that are not taken are zeros, and where they would lie does not matter.
    for (let i = 0; i < bytes; i += 4) {
      const part = memory.find(from(b) + i, Math.min(4, bytes - i), "global", site);
      memory.touch(part, Math.min(4, bytes - i), "read", site);
    }
    const source = bytes > 0 ? memory.find(from(b), 1, "global", site) : undefined;
    const start = memory.offset;
    if (source && start % width !== 0)
      throw new Fault(site, `a copy of ${width} bytes is not aligned`);
    const target = memory.find(to(b), width, "shared", site);
    memory.touch(target, width, "write", site);
    target.shadow.mark(memory.offset, width, false);
    const at = memory.offset;
    const copy: PendingCopy = {
      complete() {
        target.bytes.fill(0, at, at + width);
        if (source) target.bytes.set(source.bytes.subarray(start, start + bytes), at);
        target.shadow.mark(at, width, true);
      },
    };
    machine.state.pending.push(copy);
  };
}

function commit({ machine }: Assembly): Op {
  return () => {
    machine.state.groups.push(machine.state.pending);
    machine.state.pending = [];
  };
}

/** Waits until at most so many groups are not complete; without a number, for all that was begun. */
function waitFor(a: Assembly): Op {
  const count = a.operands[0];
  if (count !== undefined && count.kind !== "integer") return a.refuse("it waits for a number");
  const left = count === undefined ? 0 : Number(count.value);
  return () => {
    const { state } = a.machine;
    while (state.groups.length > left) for (const copy of state.groups.shift()!) copy.complete();
    if (count !== undefined) return;
    for (const copy of state.pending) copy.complete();
    state.pending = [];
  };
}

const ahead = "{prefetch:L2::64B|L2::128B|L2::256B}";

/** The rows of asynchronous copies. */
export const copying: readonly Form[] = [
  form(
    "cp",
    `async (how:ca|cg) (to:shared|shared::cta) global ${ahead}`,
    section("cp.async"),
    copyAsync,
  ),
  form("cp", "async commit_group", section("cp.async.commit_group"), commit),
  form("cp", "async wait_group", section("cp.async.wait_group"), waitFor),
  form("cp", "async wait_all", section("cp.async.wait_all"), waitFor),
];
