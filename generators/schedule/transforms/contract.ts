import { recognise } from "../contract/recognise.ts";
import { contractInStrips, refuseStrips, stripChoices, stripRules } from "../contract/request.ts";
import { refuseTiles, type Tiles, tileRules } from "../contract/tiles.ts";
import {
  type Choice,
  type Draft,
  type Limits,
  launchedStages,
  type Params,
  type Transform,
} from "../draft.ts";
import { inlineStages } from "../inline.ts";

/** The lever of convolutions and other products of matrices: what neighbours share is made once for a tile. */
export const contract: Transform = {
  name: "contract",
  doc: "a sum of products for each element → tiles of elements, whose factors are made once for a tile",
  choices: (draft, limits) =>
    limits.threads === 1 ? stripChoices(draft, limits) : groupChoices(draft, limits),
  apply: (draft, params, limits) =>
    limits.threads === 1
      ? contractInStrips(draft, params)
      : contractInGroups(draft, params, limits),
  rules: (_, { product }, limits) =>
    limits.threads === 1
      ? stripRules(limits)
      : tileRules(product === "f16" || product === "bf16" ? product : undefined, limits),
};

const groupChoices = (draft: Draft, limits: Limits): readonly Choice[] => [
  {
    name: "stage",
    values: launchedStages(draft).flatMap(({ kind, name }) => (kind === "gather" ? [name] : [])),
    default: launchedStages(draft).find(({ kind }) => kind === "gather")?.name ?? "",
  },
  { name: "BM", values: [16, 32, 64, 128], default: 64 },
  { name: "BP", values: [16, 32, 64, 128], default: 64 },
  { name: "BK", values: [4, 8, 16, 32], default: 16 },
  { name: "TM", values: [2, 4, 8], default: 8 },
  { name: "TP", values: [2, 4, 8], default: 8 },
  { name: "pad", values: [0, 4], default: 0, minor: true },
  { name: "rolled", values: [false, true], default: limits.unrolls !== true, minor: true },
  // Of kernels with few rows, which no tiles suit.
  { name: "least", values: [1, 4, 16], default: 1, fixed: true },
  { name: "group", values: [32, 64, 128, 256], default: 64, fixed: true },
  { name: "product", values: ["f32", ...(limits.products ?? [])], default: "f32" },
];

function contractInGroups(
  draft: Draft,
  { stage: name, rolled, product = "f32", ...sizes }: Params,
  limits: Limits,
) {
  if (product !== "f32" && product !== "f16" && product !== "bf16")
    return { refused: `product is one of f32, f16, bf16, not ${product}` };
  if (typeof rolled !== "boolean") return { refused: `rolled is true or false, not ${rolled}` };
  const { BM, BP, BK, TM, TP, pad, least, group } = sizes as Readonly<Record<keyof Tiles, number>>;
  const tiles: Tiles = {
    BM,
    BP,
    BK,
    TM,
    TP,
    pad,
    rolled,
    least,
    group,
    ...(product !== "f32" && { product }),
  };
  const refused = refuseTiles(tiles, limits) ?? refuseContraction(draft, String(name));
  if (refused) return refused;
  if (draft.loops.has(String(name)))
    return { refused: `how the loops of ${name} run is chosen already` };
  if (draft.panels.size > 0)
    return { refused: "a panel is made by loops that run one after another" };
  if (draft.walkings.get(String(name))?.vector !== undefined)
    return { refused: `a thread makes one element, and ${name} several at once (vector)` };
  if (least === 1 && draft.walkings.has(String(name)))
    return { refused: `a step of ${name} computes several elements, or in another order` };
  return {
    ...draft,
    loops: new Map(draft.loops).set(String(name), { by: "tiles" as const, tiles }),
  };
}

/** Why the contractions of a draft can no longer be made as they were asked for, or nothing. */
export function refuseContractions(draft: Draft): string | undefined {
  for (const [name, loops] of draft.loops) {
    const refused =
      loops.by === "strips"
        ? refuseStrips(draft, name, loops.held)
        : loops.by === "tiles"
          ? refuseContraction(draft, name)
          : undefined;
    if (refused) return `${name} could no longer be made in ${loops.by}: ${refused.refused}`;
  }
  return undefined;
}

/** Why a stage is no contraction, or nothing. */
function refuseContraction(draft: Draft, name: string) {
  const stage = launchedStages(draft).find((s) => s.name === name);
  if (!stage) return { refused: `${draft.kernel.operator} stores no stage named ${name}` };
  if (stage.kind === "scatter")
    return { refused: `${name} adds to elements that its indices choose` };
  const stored = new Set(launchedStages(draft).map((s) => s.name));
  const kernel = inlineStages(draft.kernel, stored);
  const found = kernel.stages.find((s) => s.name === name);
  if (found?.kind !== "gather") return { refused: `there is no stage named ${name}` };
  const contraction = recognise(kernel, found, new Map(kernel.names));
  return "refused" in contraction ? contraction : undefined;
}
