// A schedule at work: which stages are stored, and how the loops of each launch run. Transforms change a
// draft; lower.ts turns one into a plan at any time, so that each step can be looked at.

import type { Kernel } from "../ir/kernel.ts";
import type { Blocks } from "./contract/blocks.ts";
import type { Tiles } from "./contract/tiles.ts";
import type { Walking } from "./domain.ts";
import type { Rule } from "./rules.ts";
import type { Slabs } from "./slabs.ts";

/** How the loops over a stage's domain run. */
export type Loops =
  /** One after another, in the order of the axes. */
  | { readonly by: "serial" }
  /**
   * The outermost `loops` of them by CPU threads, as one loop, and those inside one after another; where there are none,
   * blocks of the innermost one.
   */
  | { readonly by: "parallel"; readonly loops: number }
  /** One thread for each element, `group` of them in a group. */
  | { readonly by: "threads"; readonly group: number }
  /** One group of `lanes` threads for each element, which share the walk of its reduction. */
  | { readonly by: "lanes"; readonly lanes: number }
  /** A group of threads for each tile of the elements, which are sums of products. */
  | { readonly by: "tiles"; readonly tiles: Tiles }
  /** In strips of places, each with a panel of one factor of its sum: an element of `held`, where there is one. */
  | { readonly by: "strips"; readonly blocks: Blocks; readonly held: string | undefined };

/** How threads add to elements that indices choose. */
export type Accumulation =
  /** All at the same time, in whatever order; the last bits differ from run to run. */
  | "atomic"
  /** At the same time in fixed point, where no order changes the result. */
  | "deterministic"
  /** Each to elements that are its own; a thread walks all that is added to them. */
  | "owned";

/** A kernel and what has been decided of its schedule so far. */
export interface Draft {
  readonly kernel: Kernel;
  /** Stages stored in a workspace; all others are computed where they are read. */
  readonly stored: ReadonlySet<string>;
  /** Stages whose loops do not run serially. */
  readonly loops: ReadonlyMap<string, Loops>;
  /** Stages whose domain is walked otherwise than declared: in another order, or several elements a step. */
  readonly walkings: ReadonlyMap<string, Walking>;
  /** Stages added to in another way than the loops' own: plainly by one thread, atomically by several. */
  readonly accumulation: ReadonlyMap<string, Accumulation>;
  /** Stored stages of which one panel at a time is made, in each step of their reader's loops over `axes`. */
  readonly panels: ReadonlyMap<
    string,
    { readonly reader: string; readonly axes: readonly string[] }
  >;
  /** Stored stages of which memory holds one slab at a time; absent where there are none. */
  readonly slabs?: Slabs;
  /** Loops of at most this many steps, where that is a constant, are written out. */
  readonly unroll: number;
  /** Sums along memory are added up in so many lanes; 1 for one after another. */
  readonly sums: number;
}

/** A kernel of which nothing is decided: everything in place, loops one after another. */
export const newDraft = (kernel: Kernel): Draft => ({
  kernel,
  stored: new Set(),
  loops: new Map(),
  walkings: new Map(),
  panels: new Map(),
  accumulation: new Map(),
  unroll: 0,
  sums: 1,
});

/** The stages that get a launch of their own, in order. */
export const launchedStages = (draft: Draft) =>
  draft.kernel.stages.filter(
    (stage) =>
      stage.kind === "scatter" ||
      draft.kernel.outputs.includes(stage.name) ||
      draft.stored.has(stage.name),
  );

/** The stages that are computed where they are read, unless they are stored. */
export const innerStages = ({ kernel }: Draft): readonly string[] =>
  kernel.stages.flatMap(({ kind, name }) =>
    kind === "gather" && !kernel.outputs.includes(name) ? [name] : [],
  );

/** Why no inner stage is meant by a name. */
export function explainNoStage(draft: Draft, name: unknown): string {
  const [inner, { operator, role }] = [innerStages(draft), draft.kernel];
  const known = inner.length > 0 ? `; there is ${inner.join(", ")}` : "";
  return `${operator}.${role} has no inner stage${name === "" ? "" : ` named ${name}`}${known}`;
}

/** The axes of a stage whose loops have panels made in each of their steps. */
export const axesAround = ({ panels }: Draft, stage: string): readonly string[] =>
  [...panels].flatMap(([panel, { reader, axes }]) =>
    panel === stage || reader === stage ? axes : [],
  );

/** Why the loops of a stage cannot be walked otherwise, or nothing. */
export function refuseWalking({ loops }: Draft, stage: string): string | undefined {
  const own = loops.get(stage);
  if (own?.by === "lanes") return `a group of threads walks the sum of each element of ${stage}`;
  // Where there may be too few rows for tiles, a thread makes each element, as walked.
  if (own?.by === "strips" || (own?.by === "tiles" && own.tiles.least === 1))
    return `${stage} is made in ${own.by}, which choose their own loops (contract)`;
  return undefined;
}

/** Why a transform does not apply; shown together with the plan as it is. */
export interface Refused {
  readonly refused: string;
}

/** The parameters of a transform, as a schedule gives them. */
export type Params = Readonly<Record<string, string | number | boolean>>;

/** A parameter's choices: a part of the tuning space. */
export interface Choice {
  readonly name: string;
  readonly values: readonly (string | number | boolean)[];
  readonly default: string | number | boolean;
  /** No matter of speed alone, or without effect where the others matter: a tuner leaves it as it is. */
  readonly fixed?: true;
  /** Matters least: where there would be too many choices, a tuner leaves it as it is. */
  readonly minor?: true;
}

/** Parameters with the defaults of those that are not given, which alone are asked for. */
export function completeParams(choices: readonly Choice[], given: Params): Params {
  const left = choices.filter(({ name }) => given[name] === undefined);
  return { ...Object.fromEntries(left.map((choice) => [choice.name, choice.default])), ...given };
}

/** One way to change a draft. Each is a file, so that the tuning space follows from the folder. */
export interface Transform {
  readonly name: string;
  /** Before → after, in words. */
  readonly doc: string;
  readonly choices: (draft: Draft, limits: Limits) => readonly Choice[];
  readonly apply: (draft: Draft, params: Params, limits: Limits) => Draft | Refused;
  /** What must hold between parameters, of which `params` are those that are given; nothing where absent. */
  readonly rules?: (draft: Draft, params: Params, limits: Limits) => readonly Rule[];
}

/** What a device allows. */
export interface Limits {
  /** Most threads of a group; 1 where there are no groups. */
  readonly threads: number;
  readonly sharedBytes: number;
  /** Lanes of its vectors; 1 where absent. */
  readonly vectors?: number;
  /** Vectors that a CPU thread keeps at hand; not known where absent. */
  readonly registers?: number;
  /** Its compiler writes out loops marked so; no where absent. */
  readonly unrolls?: boolean;
  /** Kernels write memory that they read, and not only return an element of each thread; no where false. */
  readonly updates?: boolean;
  /** Types whose products warps compute; none where absent. */
  readonly products?: readonly ("f16" | "bf16")[];
}

/** Transforms in order, by name, with parameters: JSON. */
export type Schedule = readonly (readonly [name: string, params?: Params])[];
