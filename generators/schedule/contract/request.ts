// What `contract` asks for where there are no groups of threads: strips, with their sizes, and the stage whose
// elements panels hold.

import type { Gather, Kernel } from "../../ir/kernel.ts";
import { rootsOf } from "../../ir/kernel.ts";
import { visit } from "../../ir/walk.ts";
import {
  type Choice,
  type Draft,
  innerStages,
  type Limits,
  launchedStages,
  type Params,
  type Refused,
} from "../draft.ts";
import { inlineStages } from "../inline.ts";
import { type Algebra, findBroken, type Own, type Rule } from "../rules.ts";
import { type Blocked, type Blocks, cutBlocks } from "./blocks.ts";
import { recognise } from "./recognise.ts";

const nobody = "none";

/** The stages that can be made so. */
const gathers = (draft: Draft): readonly string[] =>
  launchedStages(draft).flatMap(({ kind, name }) => (kind === "gather" ? [name] : []));

/** The parameters of `contract` without groups. */
export function stripChoices(draft: Draft, limits: Limits): readonly Choice[] {
  const stages = gathers(draft);
  const { rows, columns, pixels, kibibytes, lanes } = usualBlocks(limits);
  return [
    {
      name: "stage",
      values: stages,
      // To find it takes long, and most schedules name one.
      get default() {
        const first = stages.find((name) => !("refused" in findStrips(draft, name)));
        return first ?? stages[0] ?? "";
      },
    },
    { name: "held", values: ["auto", nobody, ...innerStages(draft)], default: "auto" },
    { name: "MR", values: [2, 3, 4, 6, 8], default: rows },
    { name: "NR", values: [4, 8, 16], default: columns },
    { name: "BP", values: [24, 48, 96, 192], default: pixels },
    { name: "KiB", values: [64, 128, 256, 512, 1024], default: kibibytes },
    { name: "lanes", values: [1, 4, 8, 16], default: lanes, minor: true },
  ];
}

/** What suits machines with vectors of so many lanes. */
function usualBlocks({ vectors = 1 }: Limits): Blocks {
  if (vectors >= 8) return { rows: 6, columns: 16, pixels: 96, kibibytes: 256, lanes: 8 };
  if (vectors >= 4) return { rows: 2, columns: 16, pixels: 48, kibibytes: 256, lanes: 4 };
  return { rows: 4, columns: 4, pixels: 48, kibibytes: 256, lanes: 1 };
}

/** `draft` with a stage in strips, or why it cannot be. */
export function contractInStrips(draft: Draft, params: Params): Draft | Refused {
  const [name, held] = [String(params.stage), String(params.held)];
  const sizes = ["MR", "NR", "BP", "KiB", "lanes"] as const;
  for (const size of sizes) {
    const value = params[size];
    if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > mostOfSize)
      return { refused: `${size} is a whole number from 1 to ${mostOfSize}, not ${value}` };
  }
  const { MR, NR, BP, KiB, lanes } = params as Readonly<Record<(typeof sizes)[number], number>>;
  if (![4, 8, 16].includes(NR)) return { refused: `NR is 4, 8 or 16, not ${NR}` };
  if (![1, 4, 8, 16].includes(lanes)) return { refused: `lanes is 1, 4, 8 or 16, not ${lanes}` };
  const broken = findBroken(stripRules({ threads: 1, sharedBytes: 0 }), params);
  if (broken !== undefined) return { refused: broken };
  if (draft.loops.has(name)) return { refused: `how the loops of ${name} run is chosen already` };
  if (draft.walkings.has(name) || draft.panels.has(name))
    return { refused: `a step of ${name} computes several elements, or in another order` };
  const chosen = held === "auto" ? findHeld(draft, name) : held === nobody ? undefined : held;
  const cut = inStrips(draft, name, chosen);
  if ("refused" in cut) return cut;
  const blocks: Blocks = { rows: MR, columns: NR, pixels: BP, kibibytes: KiB, lanes };
  return {
    ...draft,
    loops: new Map(draft.loops).set(name, { by: "strips", blocks, held: chosen }),
  };
}

/** Addresses within a panel of such sizes stay far from the end of ints. */
const mostOfSize = 2 ** 16;

/** More sums than this do not stay in registers. */
const mostOfBlock = 128;

/** What must hold of the sizes of strips. */
export const stripRules = ({ vectors = 1, registers }: Limits): readonly Rule[] => [
  {
    why: `a block has at most ${mostOfBlock} elements`,
    holds: ({ of, mul, le }, own) => le(mul(own("MR"), own("NR")), of(mostOfBlock)),
    tell: ({ MR, NR }) =>
      `a block has at most ${mostOfBlock} elements, not ${Number(MR) * Number(NR)}`,
  },
  {
    why: "MR divides BP",
    holds: ({ of, rem, eq }, own) => eq(rem(own("BP"), own("MR")), of(0)),
    tell: ({ MR, BP }) => `MR divides BP, which ${MR} and ${BP} do not`,
  },
  ...(registers === undefined
    ? []
    : [
        {
          why: `sums, a line of the packed factor and one number fit ${registers} registers`,
          // Sums in MR rows of NR, what they are multiplied with, and a number of each row in turn.
          holds: <T>({ of, add, mul, le }: Algebra<T>, own: Own<T>): T =>
            le(add(mul(add(own("MR"), of(1)), own("NR")), of(vectors)), of(registers * vectors)),
          advice: true as const,
        },
      ]),
];

/** The stage of which panels of a product hold elements: one factor is an element of it, and nothing else is. */
export function findHeld(draft: Draft, name: string): string | undefined {
  const stored = new Set(launchedStages(draft).map((s) => s.name));
  return innerStages(draft).find((inner) => {
    if (stored.has(inner)) return false;
    const { kernel, stage } = keep(draft, name, inner);
    if (!stage) return false;
    const found = recognise(kernel, stage, new Map(kernel.names));
    if ("refused" in found) return false;
    const { value } = found.s;
    return value.kind === "read" && value.from === inner && countReaders(kernel, inner) === 1;
  });
}

const countReaders = ({ stages }: Kernel, name: string): number =>
  stages.filter((stage) => {
    let reads = false;
    visit(rootsOf(stage), (e) => {
      reads ||= e.kind === "read" && e.from === name;
    });
    return reads;
  }).length;

/** The kernel whose stages are stored as drafted, and `held` too; and one of its stages. */
function keep(draft: Draft, name: string, held: string | undefined) {
  const stored = new Set(launchedStages(draft).map((s) => s.name));
  const kernel = inlineStages(draft.kernel, new Set([...stored, ...(held ? [held] : [])]));
  const stage = kernel.stages.find((s): s is Gather => s.kind === "gather" && s.name === name);
  return { kernel, stage };
}

/** The strips of a stage as they are by default, or why it has none. */
export const findStrips = (draft: Draft, name: string): Blocked | Refused =>
  inStrips(draft, name, findHeld(draft, name));

/** Why a stage cannot be in strips that hold an element of `held`, or nothing. */
export function refuseStrips(
  draft: Draft,
  name: string,
  held: string | undefined,
): Refused | undefined {
  const cut = inStrips(draft, name, held);
  return "refused" in cut ? cut : undefined;
}

/** A stage cut into strips, or why it cannot be. */
function inStrips(draft: Draft, name: string, held: string | undefined): Blocked | Refused {
  const launched = launchedStages(draft).find((s) => s.name === name);
  if (!launched) return { refused: `${draft.kernel.operator} stores no stage named ${name}` };
  if (launched.kind === "scatter")
    return { refused: `${name} adds to elements that its indices choose` };
  const { kernel, stage } = keep(draft, name, held);
  if (!stage) return { refused: `there is no stage named ${name}` };
  const names = new Map(kernel.names);
  const contraction = recognise(kernel, stage, names);
  if ("refused" in contraction) return contraction;
  if (held !== undefined && launchedStages(draft).some((s) => s.name === held))
    return { refused: `${held} is stored whole, so panels of ${name} hold none of it` };
  const own = held ? kernel.stages.find((s) => s.name === held) : undefined;
  if (held && own?.kind !== "gather") return { refused: `there is no inner stage named ${held}` };
  if (held && countReaders(kernel, held) !== 1)
    return { refused: `${held} is read by other stages than ${name} too` };
  const cut = cutBlocks(
    kernel,
    contraction,
    usualBlocks({ threads: 1, sharedBytes: 0 }),
    own?.kind === "gather" ? own : undefined,
    (hint) => hint,
    names,
  );
  return held !== undefined && !("refused" in cut) && cut.panel.name !== held
    ? { refused: `the factor of ${name} that panels hold is no element of ${held} alone` }
    : cut;
}
