// What `check` asks of the cross-check: an operator's results or gradients, with the oracles and all kernels.

import type { Request } from "../check/crosscheck.ts";
import { differencesLaw } from "../check/differences.ts";
import { declarationOracle, interpreterOracle } from "../check/oracles.ts";
import { wildLaw } from "../check/wild.ts";
import type { Operator } from "../frontend/operator.ts";
import { loadReference } from "../frontend/reference.ts";
import type { Opened } from "./executors.ts";
import { gradientSubject } from "./gradients.ts";
import { makeGradientRunners, makeProductRunners, makeRunner } from "./runners.ts";
import { storedRuns } from "./storage.ts";

/** What of an operator is to be compared. */
export interface Chosen {
  readonly case?: string;
  /** All choices of options and ways of adding, not a covering array of pairs and what ships. */
  readonly all?: boolean;
  readonly dtype?: string;
  /** The operator as the command line names it, to say how a case is shown again. */
  readonly command: string;
  readonly count: number;
  readonly seed: number;
}

const choiceOf = (options: Chosen) => ({
  count: options.count,
  seed: options.seed,
  tiled: true as const,
  variants: options.all === true ? ("all" as const) : ("pairwise" as const),
  ...(options.case === undefined ? {} : { only: options.case }),
  command: options.command,
  // Other ways of adding, and CUDA's checks of memory and races under all options, are run with it only.
  ...(flagsOf(options) === "" ? {} : { flags: flagsOf(options) }),
});

const flagsOf = ({ all, dtype }: Chosen): string =>
  [...(all === true ? ["--all"] : []), ...(dtype === undefined ? [] : [`--dtype ${dtype}`])].join(
    " ",
  );

/** An operator's results: the declaration and the IR are the oracles. */
export async function forwardRequest(
  operator: Operator,
  opened: readonly Opened[],
  options: Chosen,
): Promise<Request> {
  const reference = await loadReference(operator.path);
  const { runs, skipped } = storedRuns(opened, options);
  return {
    subject: operator,
    oracles: [declarationOracle(operator, reference), interpreterOracle(operator)],
    targets: runs.flatMap(({ target, executor, storage }) => [
      makeRunner(operator, target, executor, storage),
      ...(storage ? makeProductRunners(operator, target, executor, storage) : []),
    ]),
    skipped,
    ...choiceOf(options),
  };
}

/** Its gradients: the IR is the oracle, and differences of the declaration hold it to account. */
export async function gradientRequest(
  operator: Operator,
  opened: readonly Opened[],
  options: Chosen,
): Promise<Request | undefined> {
  const subject = gradientSubject(operator);
  if (subject === undefined) return undefined;
  const reference = await loadReference(operator.path);
  const { runs, skipped } = storedRuns(opened, options);
  const found = runs.map(({ target, executor, storage }) =>
    makeGradientRunners(operator, target, executor, options.all === true, storage),
  );
  const wild = wildLaw(subject, operator.differentiable);
  return {
    subject,
    oracles: [interpreterOracle(subject)],
    laws: [differencesLaw(operator, reference, subject), ...(wild ? [wild] : [])],
    targets: found.flatMap(({ runners }) => runners),
    skipped: [...skipped, ...found.flatMap((one) => one.skipped)],
    ...choiceOf(options),
  };
}
