// Plans run by the interpreter, which notes who touches what: no two threads meet at an element without order,
// whatever the target, before anything is printed; and mistakes planted in plans are found.

import { describe, expect, it } from "vitest";
import { runPlan } from "../../generators/check/races.ts";
import { dumpHead } from "../../generators/ir/nestDump.ts";
import { targets } from "../../targets/registry.ts";
import { casesOf, findRole, optionSets, type Role, roles, waysOf } from "./races.fixtures.ts";
import { type Mistake, mistakes, mutate } from "./races.mutants.ts";

/** Every schedule of every kind of threads; a target that only returns elements has none that could meet. */
const threaded = targets.filter(({ capabilities }) => capabilities.updates);
const wgsl = targets.find(({ name }) => name === "wgsl")!;

describe("plans without races", () => {
  it.each(roles.map((role) => [role.name, role] as const))("%s", (_, role) => {
    const ran = new Set<string>();
    // Options change no loop, so that all of them on one kernel are enough.
    for (const [o, options] of optionSets(role).entries())
      for (const kernel of o === 0 ? role.kernels : role.kernels.slice(-1))
        for (const of of casesOf(role, kernel, options, ["primes/0"]))
          for (const target of threaded)
            for (const { name, schedule } of waysOf(role, target)) {
              const plan = schedule.plan(kernel);
              const key = JSON.stringify([plan, options]);
              if (ran.has(key)) continue;
              ran.add(key);
              expect(() => runPlan(plan, of), `${target.name} ${name} ${of.id}`).not.toThrow();
            }
    expect(ran.size).toBeGreaterThanOrEqual(3);
  });

  it("are those of all schedules, each with the operators that it applies to", () => {
    const takersOf = (name: string) =>
      roles.filter((role) => waysOf(role, wgsl).some((way) => way.name === name));
    const applies = (name: string) => takersOf(name).length;
    const backward = roles.filter(({ subject }) => subject.forward !== undefined).length;
    expect(applies("default")).toBe(roles.length);
    expect(applies("pointwise")).toBe(roles.length);
    // Whose gradients add to elements that an index chooses: all but those of conv2d.
    expect(applies("deterministic")).toBe(backward - 1);
    expect(applies("owned")).toBe(backward - 1);
    // Sums that no condition guards: of the convolutions, and of attention.
    expect(takersOf("lanes").map(({ name }) => name)).toEqual([
      "conv2d",
      "conv2d_backward",
      "dcn_v3",
      "dcn_v4",
      "deform_conv2d",
      "deform_conv2d_backward",
      "ms_deform_attn",
    ]);
  });
});

type What = keyof typeof mistakes;

/** Mutants in which no threads meet, by how their statement begins, and why. */
function isEquivalent(role: Role, way: string, what: What, number: number, head: string): boolean {
  // The last step of a sum over lanes is the first thread's alone: what it writes and reads is its own …
  if (way === "lanes" && head.startsWith("partial[thread] = partial[thread] + partial[thread + "))
    return (
      head.endsWith("+ 1]") || (head.endsWith("+ 2]") && what === "all threads own two elements")
    );
  // … and so is the element that it stores behind the last of the barriers: one for each step, and one before.
  if (way === "lanes" && what === "a barrier is missing") return number % 4 === 3;
  // Where rows are few, which is what is not made tile by tile, there is no fourth beside others.
  if (way === "default" && /^output\[.*\bo4\b/.test(head)) return true;
  // With offsets there is no max, whose gradient that is.
  return (
    role.name === "roi_pool_backward" &&
    what === "an addition is not atomic" &&
    head.includes("atomically grad_input") &&
    number === 4
  );
}

/** With a sample of so many output channels that sums over them take several steps of tiles. */
function withLongSums(subject: Role["subject"]): Role["subject"] {
  const [first] = subject.samples;
  if (first?.sizes.O === undefined) return subject;
  const long = { ...first, sizes: { ...first.sizes, O: 40 } };
  return { ...subject, samples: [...subject.samples, long] };
}

/** The mutants of a role's last kernel (with all optional tensors) that no case shows, and how many there are. */
function countMissed(
  role: Role,
  what: What,
): { readonly missed: string[]; readonly caught: number } {
  const kernel = role.kernels.at(-1)!;
  const subject = withLongSums(role.subject);
  const samples = subject.samples.map((_, i) => `sample/${i}`);
  const cases = optionSets(role).flatMap((options) =>
    casesOf({ ...role, subject }, kernel, options, ["primes/0", "groups/0", ...samples]),
  );
  const missed: string[] = [];
  let caught = 0;
  const mistake: Mistake = mistakes[what];
  for (const { name, schedule } of waysOf(role, wgsl))
    for (const { plan, number, statement } of mutate(schedule.plan(kernel), mistake)) {
      const finds = (of: (typeof cases)[number]): boolean => {
        try {
          runPlan(plan, of);
          return false;
        } catch (error) {
          if (error instanceof Error && error.message.includes("race: element")) return true;
          throw error;
        }
      };
      const head = dumpHead(statement);
      const found = cases.some(finds);
      if (found) caught++;
      if (found === isEquivalent(role, name, what, number, head))
        missed.push(`${role.name}, ${name}: ${what}, number ${number}: ${head}`);
    }
  return { missed, caught };
}

describe.each(Object.keys(mistakes) as What[])("%s", (what) => {
  const names: Readonly<Record<What, readonly string[]>> = {
    "a barrier is missing": ["conv2d", "deform_conv2d_backward"],
    // Each kind of scatter; what is planted in others is found by the same checks.
    "an addition is not atomic": [
      "deform_conv2d_backward",
      "deform_roi_pool_backward",
      "roi_align_backward",
      "roi_pool_backward",
    ],
    "the element before is written too": ["conv2d", "roi_align_backward"],
    "all threads own two elements": ["conv2d", "roi_align_backward"],
  };

  it.each(names[what])("is found in %s", (name) => {
    const { missed, caught } = countMissed(findRole(name), what);
    expect(missed).toEqual([]);
    expect(caught).toBeGreaterThan(0);
  });
});
