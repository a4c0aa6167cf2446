import { checkKernel } from "../../ir/check.ts";
import { int, type Loop, type Reduce } from "../../ir/expr.ts";
import type { Gather } from "../../ir/kernel.ts";
import { freeLoops } from "../../ir/walk.ts";
import { type Draft, launchedStages, type Refused, type Transform } from "../draft.ts";
import { isShared } from "../site.ts";
import { partsOf, splitSum } from "../splitSum.ts";
import { soleReduction } from "./lanes.ts";

/** For few elements and long sums, such as the gradient of a weight: the sum is over all pixels. */
export const split: Transform = {
  name: "split",
  doc: "one sum for each element → parts of it, which more threads share out, and their sum",
  choices: (draft) => {
    const stages = launchedStages(draft).filter(({ kind }) => kind === "gather");
    return [
      { name: "stage", values: stages.map(({ name }) => name), default: stages[0]?.name ?? "" },
      { name: "axis", values: [], default: "" },
      { name: "most", values: [2 ** 18, 2 ** 20, 2 ** 22], default: 2 ** 20, minor: true },
      { name: "least", values: [64, 256, 1024], default: 256 },
    ];
  },
  apply: (draft, { stage, axis, most, least }) => {
    for (const [name, count] of [
      ["most", most],
      ["least", least],
    ] as const)
      if (!isCount(count))
        return { refused: `${name} is a whole number from 1 to ${2 ** 30}, not ${count}` };
    const found = findSum(draft, String(stage), String(axis));
    if ("refused" in found) return found;
    const kernel = splitSum(draft.kernel, { ...found, most: Number(most), least: Number(least) });
    checkKernel(kernel, "split");
    return { ...draft, kernel, stored: new Set([...draft.stored, partsOf(found.stage.name)]) };
  },
};

const isCount = (n: unknown): boolean =>
  typeof n === "number" && Number.isInteger(n) && n >= 1 && n <= 2 ** 30;

function findSum(
  draft: Draft,
  name: string,
  axis: string,
): { readonly stage: Gather; readonly of: Reduce; readonly along: Loop } | Refused {
  const { kernel, loops, walkings, panels } = draft;
  const stage = launchedStages(draft).find((s) => s.name === name);
  if (!stage) return { refused: `${kernel.operator} stores no stage named ${name}` };
  const of = soleReduction(stage);
  if (typeof of === "string") return { refused: of };
  if (stage.kind !== "gather" || stage.parts.length > 1 || of.bodies.length > 1)
    return { refused: `an element of ${name} is made of several numbers` };
  if ([loops, walkings, panels].some((told) => told.has(name)))
    return { refused: `how ${name} is walked has been said already; say first that it is split` };
  if (kernel.stages.some((s) => s.name === partsOf(name)))
    return { refused: `the sum of ${name} is in parts already` };
  const axes = of.over.map((l) => l.axis);
  const along = of.over.find((l) => l.axis === axis);
  if (axis === "")
    return { refused: `say along which axis of the sum of ${name}: ${axes.join(", ")}` };
  if (!along)
    return { refused: `the sum of ${name} is not over ${axis}; it is over ${axes.join(", ")}` };
  const needed = of.over.some((l) => [l.lo, l.hi].some((e) => freeLoops(e).has(along)));
  if (along.lo !== int(0) || !isShared(along) || needed || stage.domain.some((l) => !isShared(l)))
    return { refused: `how far loops of ${name} run depends on indices or on data` };
  return { stage, of, along };
}
