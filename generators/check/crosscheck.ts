// The cross-check: every case goes through the oracles, which must agree exactly, and through every target,
// which must agree within the judge's bounds. Oracles and executors are passed in.

import type { Device } from "../../targets/contract/program.ts";
import { compareOracles, compareTarget, type Oracle } from "./agree.ts";
import { type Case, drawCase, listCases, listTiled } from "./cases.ts";
import { isTooAmbiguous } from "./compare.ts";
import { type Judgement, judge } from "./judge.ts";
import {
  casesFor,
  type LaunchCount,
  type Launches,
  type Numbered,
  watchLaunches,
} from "./launches.ts";
import type { Law, Result, Results } from "./laws.ts";
import type { Failure, OperatorRecord, Skip } from "./ledger.ts";
import { findNonfinite } from "./odd.ts";
import { emptyLaw, emptyRecord, noteFinding, skip } from "./records.ts";
import type { Rules } from "./rules.ts";
import { roundCase, type Storage } from "./storage.ts";
import {
  allVariants,
  nameVariant,
  pairwiseVariants,
  type Subject,
  type Variant,
} from "./variants.ts";

export type { Oracle, Result, Results };

/** A target ready to run cases of an operator. A variant may be refused with a reason, which is recorded. */
export interface TargetRunner {
  readonly target: string;
  readonly device: Device;
  readonly rules: Rules;
  /** How its kernels add to elements that several threads reach; empty where none does. */
  readonly lowering?: string;
  /** What it stores data as, where that is not f32. */
  readonly storage?: Storage;
  /** Warps multiply factors that are rounded to it. */
  readonly products?: boolean;
  /** Results that it cannot compute, and why. */
  readonly lacks?: { readonly outputs: readonly string[]; readonly reason: string };
  /** Why this variant cannot run here, if so. */
  refuses?(variant: Variant): string | undefined;
  run(of: Case): Promise<Results>;
  /** The launches of the program that runs such a case: each must have groups in some case. */
  launches?(of: Numbered): readonly LaunchCount[];
  /** Runs it in further ways, some cases only; their results are compared as well. */
  runAgain?(of: Case): Promise<readonly { readonly by: string; readonly results: Results }[]>;
}

/** Which operator is compared on which cases, by which oracles, on which targets. */
export interface Request {
  readonly subject: Subject;
  readonly oracles: readonly Oracle[];
  /** What must hold of gradients besides. */
  readonly laws?: readonly Law[];
  /** What is not compared at all, and why. */
  readonly skipped?: readonly Skip[];
  readonly targets: readonly TargetRunner[];
  /** Random cases of each variant, from this seed on. */
  readonly count: number;
  readonly seed: number;
  /** A case of several tiles besides, which takes long. */
  readonly tiled?: true;
  /** All variants, or the pairwise covering array. */
  readonly variants: "pairwise" | "all";
  /** This case only. */
  readonly only?: string;
  /** How the operator is named in a command that shows a failure again. */
  readonly command: string;
  /** What such a command needs besides, so that targets are run as they are here. */
  readonly flags?: string;
  progress?(done: number, total: number): void;
}

/** Checks one operator; resolves with what happened, also where it failed. */
export async function crosscheck(request: Request): Promise<OperatorRecord> {
  const { subject, targets, count, seed, only, laws = [] } = request;
  const all = allVariants(subject);
  const variants = request.variants === "all" ? all : pairwiseVariants(subject);
  const ids =
    only === undefined
      ? [
          ...variants.flatMap((variant) => listCases(subject, variant, count, seed)),
          ...(request.tiled ? listTiled(subject, variants, seed) : []),
        ]
      : [only];
  const record: OperatorRecord = {
    operator: (subject.forward ?? subject).name,
    role: subject.forward ? "backward" : "forward",
    variants: only === undefined ? variants.length : 1,
    cases: 0,
    failures: [],
    laws: laws.map(emptyLaw),
    targets: targets.map(emptyRecord),
    skipped: [],
  };
  for (const one of request.skipped ?? []) skip(record, one);
  for (const { target, lacks } of targets)
    if (lacks)
      skip(record, { what: `${lacks.outputs.join(", ")} on ${target}`, reason: lacks.reason });
  const launches = targets.map((target) => watchLaunches((of) => target.launches?.(of) ?? []));
  for (const [done, id] of ids.entries()) {
    request.progress?.(done, ids.length);
    const drawn = drawCase(subject, id, all);
    if ("undrawn" in drawn) record.skipped.push({ what: `case ${id}`, reason: drawn.undrawn });
    else await checkCase(request, record, drawn, launches);
  }
  if (only === undefined) await runIdle(request, record, launches, all);
  request.progress?.(ids.length, ids.length);
  if (only === undefined)
    for (const law of record.laws)
      if (law.elements === 0)
        skip(record, {
          what: law.name,
          reason: "no case was drawn that it says anything of; try another --seed",
        });
  return record;
}

/** Draws further cases for launches that had no groups in any, and notes those that still have not run. */
async function runIdle(
  request: Request,
  record: OperatorRecord,
  launches: readonly Launches[],
  all: readonly Variant[],
): Promise<void> {
  const { subject, targets, count, seed } = request;
  for (const [i, target] of targets.entries())
    for (const [launch, variant] of [...launches[i]!.idle()]) {
      const own = (of: Numbered) => target.launches?.(of) ?? [];
      const further = casesFor(subject, launch, variant, seed + count, own);
      for (const id of further) {
        // A case of these sizes may have run for another launch or target.
        if (!launches[i]!.idle().has(launch)) break;
        const drawn = drawCase(subject, id, all);
        if (!("undrawn" in drawn)) await checkCase(request, record, drawn, launches);
      }
      if (!launches[i]!.idle().has(launch)) continue;
      record.targets[i]!.failures.push({
        case: `no case of ${launch}`,
        message: `${target.target} ran ${launch} in no case: it has no groups for any sizes drawn`,
        command: commandFor(request, target),
      });
    }
}

/** The command that checks one operator as it is checked here, on one target. */
const commandFor = ({ subject, command, flags }: Request, by: TargetRunner | undefined): string =>
  `npx warpweave check ${command}${subject.forward ? " --grad" : ""}` +
  `${by ? ` --target ${by.target}` : ""}${by && flags ? ` ${flags}` : ""}`;

async function checkCase(
  request: Request,
  record: OperatorRecord,
  of: Case,
  launches: readonly Launches[],
): Promise<void> {
  const { subject, targets } = request;
  // Oracles and laws are judged by the rules of the first target, so that one shows their failures again.
  const failure = (message: string, by: TargetRunner | undefined = targets[0]): Failure => ({
    case: of.id,
    message: `${of.id}: ${message}`,
    command: `${commandFor(request, by)} --case ${quote(of.id)}`,
    given: { sizes: of.numbers.sizes, attrs: of.attrs },
  });
  const kernel = subject.kernel(of.variant.present);
  const judgements = new Map<Case, Map<Rules, Judgement>>();
  const judgeBy = (rules: Rules, it = of): Judgement => {
    const ofCase = judgements.get(it) ?? new Map<Rules, Judgement>();
    judgements.set(it, ofCase);
    const known = ofCase.get(rules) ?? judge(kernel, it.inputs, it.numbers, rules);
    ofCase.set(rules, known);
    return known;
  };
  const rounded = new Map<Storage["type"], ReturnType<typeof roundCase>>();
  const asStored = (type: Storage["type"]): ReturnType<typeof roundCase> => {
    const known = rounded.get(type) ?? roundCase(of, subject, type);
    rounded.set(type, known);
    return known;
  };
  record.cases++;
  const { messages: wrong, first } = compareOracles(
    request.oracles,
    subject,
    of,
    targets[0] && judgeBy(targets[0].rules),
  );
  for (const message of wrong) record.failures.push(failure(message));
  // What the declaration gives is wrong once, not again on each target.
  const nonfinite = first !== undefined && findNonfinite(subject, of, first) !== undefined;
  const expects = nonfinite ? { ...of.expects, nonfinite } : of.expects;
  if (first)
    for (const [i, law] of (request.laws ?? []).entries())
      if (law.appliesTo(of)) {
        const { messages, silent } = noteFinding(record.laws[i]!, law, of, first, subject);
        for (const message of messages)
          record.laws[i]!.failures.push(failure(`${law.name}: ${message}`));
        if (silent !== undefined)
          record.skipped.push({ what: `${law.name} of case ${of.id}`, reason: silent });
      }
  for (const [i, target] of targets.entries()) {
    const entry = record.targets[i]!;
    const refused = target.refuses?.(of.variant);
    if (refused !== undefined) {
      const variant = nameVariant(subject, of.variant);
      skip(record, { what: `variant ${variant} on ${target.target}`, reason: refused });
      continue;
    }
    const own = target.storage ? asStored(target.storage.type) : of;
    if ("unrounded" in own) {
      skip(record, { what: `case ${of.id} in ${target.storage?.type}`, reason: own.unrounded });
      continue;
    }
    const judged = judgeBy(target.rules, own);
    if (own !== of && Object.values(judged.outputs).flat().some(isTooAmbiguous)) {
      const reason = "rounded, its data leave too many decisions open";
      skip(record, { what: `case ${of.id} in ${target.storage?.type}`, reason });
      continue;
    }
    entry.cases++;
    try {
      const results = await target.run(own);
      launches[i]!.note(own);
      const without = target.lacks?.outputs ?? [];
      const further = (await target.runAgain?.(own)) ?? [];
      for (const { by, results: some } of [{ by: target.target, results }, ...further])
        for (const message of compareTarget(
          entry,
          judged,
          some,
          { ...own, expects },
          without,
          target.storage,
        ))
          entry.failures.push(failure(`${by}: ${message}`, target));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      entry.failures.push(failure(`${target.target} did not run: ${why}`, target));
    }
  }
}

/** A case's name as a shell takes it for one word. */
const quote = (id: string): string => (/^[\w./,=+-]+$/.test(id) ? id : `'${id}'`);
