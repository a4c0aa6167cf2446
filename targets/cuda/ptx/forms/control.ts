// Where a thread goes on: branches, calls, barriers and the end.

import { Fault } from "../fault.ts";
import { type Assembly, ending, type Form, form } from "../forms.ts";
import { ended, type Op, type Step, waits } from "../machine.ts";

const flow = (name: string): string => `Control Flow Instructions: ${name}`;
const together = (name: string): string =>
  `Parallel Synchronization and Communication Instructions: ${name}`;

function branch(a: Assembly): Step {
  const to = a.block(0);
  return () => to;
}

function branchByIndex(a: Assembly): Step {
  const { site } = a;
  const { uints } = a.machine;
  const at = a.source(0, "u32");
  const blocks = a.branchTargets(1).map((label) => a.block(label));
  return (b) => {
    const to = blocks[uints[b + at]!];
    if (to === undefined) throw new Fault(site, `branch ${uints[b + at]} of ${blocks.length}`);
    return to;
  };
}

function stop(a: Assembly): Op {
  const { site } = a;
  return () => {
    throw new Fault(site, "the kernel stops itself");
  };
}

/** The barrier's number; a count of threads would leave some out, and nothing here says which. */
function readBarrier(a: Assembly, at: number, count: number): number {
  const id = a.operands[at];
  if (id?.kind !== "integer") return a.refuse("the number of a barrier is a constant");
  if (a.operands.length > count) return a.refuse("barriers of some threads of a block only");
  return Number(id.value);
}

function synchronise(a: Assembly): Step {
  const { machine, site } = a;
  const id = readBarrier(a, 0, 1);
  return () => {
    machine.wait = { kind: "barrier", site, id };
    return waits;
  };
}

/** A barrier that counts predicates, or joins them. */
function combine(a: Assembly): Step {
  const { machine, site } = a;
  const { ints } = machine;
  const id = readBarrier(a, 1, 3);
  const d = a.target(0, a.mods.type === "pred" ? "pred" : "u32");
  const operand = a.operands[2];
  if (operand?.kind !== "register") return a.refuse("a predicate is expected");
  const slot = a.source({ ...operand, negated: false }, "pred");
  const op = a.mods.op;
  const resolve = (bases: readonly number[]): void => {
    const holding = bases.filter(
      (b) => (ints[b + slot]! !== 0) !== (operand.negated === true),
    ).length;
    const result =
      op === "popc" ? holding : Number(op === "and" ? holding === bases.length : holding > 0);
    for (const base of bases) ints[base + d] = result;
  };
  return () => {
    machine.wait = { kind: "barrier", site, id, resolve };
    return waits;
  };
}

const nothing = (): Op => () => {};

/** The rows of control. */
export const controlling: readonly Form[] = [
  ending("bra", "{uni}", flow("bra"), branch),
  ending("brx", "idx {uni}", flow("brx.idx"), branchByIndex),
  ending("call", "{uni}", flow("call"), (a) => a.call()),
  ending("ret", "{uni}", flow("ret"), (a) => a.leave()),
  ending("exit", "", flow("exit"), () => () => ended),
  form("trap", "", "Miscellaneous Instructions: trap", stop),
  form("pmevent", "", "Miscellaneous Instructions: pmevent", nothing),
  form("nanosleep", "u32", "Miscellaneous Instructions: nanosleep", nothing),
  ending("bar", "{cta} sync", together("bar"), synchronise),
  ending("barrier", "{cta} sync {aligned}", together("barrier"), synchronise),
  ending("bar", "{cta} red (op:popc) (type:u32)", together("bar"), combine),
  ending("bar", "{cta} red (op:and|or) (type:pred)", together("bar"), combine),
  ending("barrier", "{cta} red (op:popc) {aligned} (type:u32)", together("barrier"), combine),
  ending("barrier", "{cta} red (op:and|or) {aligned} (type:pred)", together("barrier"), combine),
  // Threads run one at a time here, each in its own order; who waits for whom is up to barriers.
  form("membar", "(level:cta|gl|sys|gpu)", together("membar"), nothing),
  form("fence", "{sem:sc|acq_rel} (scope:cta|cluster|gpu|sys)", together("fence"), nothing),
];
