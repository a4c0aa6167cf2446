// `doctor`: what this machine can run, what is missing, and what was never executed.

import type { Command } from "commander";
import { examine, type Finding } from "../machine.ts";
import { platforms } from "../platforms.ts";
import { formatNotes, formatTable, printJson, type Terminal } from "../terminal.ts";

const examples = `
Examples:
  $ warpweave doctor
  $ warpweave doctor --json`;

const marks: Readonly<Record<Finding["state"], string>> = {
  runs: "yes",
  compiles: "checks",
  missing: "no",
};

/** Adds the command \`doctor\`. */
export function addDoctor(program: Command, terminal: Terminal): void {
  program
    .command("doctor")
    .description("what this machine can run, and what to install for the rest")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action(async ({ json }: { json?: boolean }) => {
      const machine = await examine();
      if (json === true) {
        printJson(terminal, { ...machine, platforms });
        return;
      }
      terminal.out(`${machine.system}\n\n`);
      const rows = machine.findings.map((f) => [marks[f.state], f.what, f.device]);
      terminal.out(formatNotes(rows, { head: ["here", "what", "how"] }));
      const missing = machine.findings.filter((f) => f.install !== undefined);
      if (missing.length > 0) {
        terminal.out("\nTo get the rest:\n");
        terminal.out(formatNotes(missing.map((f) => [`  ${f.what}`, f.install ?? ""])));
      }
      terminal.out("\nOn each system (what was never executed is marked so):\n");
      const systems = platforms.map((p) => [`  ${p.system}`, p.target, p.how, p.executed]);
      terminal.out(formatTable(systems));
    });
}
