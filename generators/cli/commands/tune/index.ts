// `tune`: which schedule is fastest here. Each sub-command has a file.

import type { Command } from "commander";
import type { Terminal } from "../../terminal.ts";
import { exampleHelp } from "../../tuning/help.ts";
import { addCheckSpaces } from "./check.ts";
import { addExplain, addWinners } from "./explain.ts";
import { addExport, addImport } from "./export.ts";
import { addMerge, addRepair } from "./merge.ts";
import { addReplay } from "./replay.ts";
import { addReport } from "./report.ts";
import { addResume } from "./resume.ts";
import { addRun } from "./run.ts";
import { addPrune, addSpace } from "./space.ts";

/** Adds a sub-command to `tune`. */
type Add = (tune: Command, terminal: Terminal) => void;

/** All sub-commands, in the order in which help shows them. */
const additions: readonly Add[] = [
  addRun,
  addResume,
  addSpace,
  addPrune,
  addMerge,
  addRepair,
  addExport,
  addImport,
  addReplay,
  addReport,
  addExplain,
  addWinners,
  addCheckSpaces,
];

/** Adds the command `tune`. */
export function addTune(program: Command, terminal: Terminal): void {
  const tune = program
    .command("tune")
    .description("finds the fastest schedule of an operator on a device, and keeps all it measures")
    .helpCommand(false)
    .addHelpText(
      "after",
      "\nEvery operator can be tuned, one of your own given as a file too, on targets that keep calls on their device.",
    )
    .addHelpText(
      "after",
      exampleHelp(
        "deform_conv2d --target js --budget 30",
        "deform_conv2d --target wasm --preset square --budget 300s",
        "resume",
        "explain deform_conv2d --target js --shape 1,64,56,56,64,3",
      ),
    );
  for (const add of additions) add(tune, terminal);
}
