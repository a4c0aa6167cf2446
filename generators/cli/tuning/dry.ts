// What can be said where times mean nothing: whether candidates are right.

import type { Program } from "../../../targets/contract/program.ts";
import type { Work } from "../../measure/work/work.ts";
import type { Session } from "../../tune/measure/session.ts";
import { createRandom, sampleIndices } from "../../tune/search/random.ts";
import type { Configuration, Points } from "../../tune/space/space.ts";
import { UserError } from "../errors.ts";
import { plural, type Terminal } from "../terminal.ts";
import { checkCases, judgeCases } from "./cases.ts";
import { formatConfiguration } from "./show.ts";
import type { TunedKernel } from "./subject.ts";

/** How many configurations are tried beside the default. */
const some = 3;

/** Tries the default and a few configurations on small cases, and times none. */
export async function dryRun(
  title: string,
  device: string,
  tuned: TunedKernel,
  work: Work,
  points: Points,
  usual: Configuration,
  compile: (configuration: Configuration) => Program | { readonly refused: string },
  session: Session,
  terminal: Terminal,
): Promise<void> {
  terminal.out(`${title}: dry run: ${device} is a simulation; it measures nothing\n`);
  const cases = judgeCases(tuned, work.grad);
  const chosen = sampleIndices(points.size, some, createRandom(1)).map((i) => points.at(i));
  let wrong = 0;
  let isRefused = false;
  for (const configuration of [usual, ...chosen]) {
    const name = formatConfiguration(configuration, usual);
    const program = compile(configuration);
    if ("refused" in program) {
      isRefused ||= configuration === usual;
      terminal.out(`  refused  ${name}: ${program.refused}\n`);
      continue;
    }
    const found = await checkCases(cases, program, session.executor);
    if ("wrong" in found) wrong++;
    const said =
      "wrong" in found ? found.wrong : `error ${found.worst.toFixed(3)} of what is allowed`;
    terminal.out(`  ${"wrong" in found ? "wrong  " : "right  "}  ${name}: ${said}\n`);
  }
  if (wrong > 0) throw new UserError(`${plural(wrong, "configuration")} gave wrong results`);
  if (isRefused) throw new UserError("the default configuration is refused");
}
