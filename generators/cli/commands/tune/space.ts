// `tune space` and `tune prune`: what can be chosen for a kernel, and what is left of it.

import type { Command } from "commander";
import { limitsOf } from "../../../compile.ts";
import type { Target } from "../../../emit/target.ts";
import { writeT1 } from "../../../tune/formats/t1.ts";
import { countAll, type Pruned, pruneSpace } from "../../../tune/kernels/prune.ts";
import { type DetailedSpace, spaceOf, unusedWhy } from "../../../tune/kernels/space.ts";
import { enumerate } from "../../../tune/space/enumerate.ts";
import { hashSpace } from "../../../tune/space/hash.ts";
import { printExpr } from "../../../tune/space/print.ts";
import type { Points } from "../../../tune/space/space.ts";
import { UsageError, UserError } from "../../errors.ts";
import { machineOf } from "../../executors.ts";
import { openOperator } from "../../operators.ts";
import { parseTarget } from "../../targets.ts";
import {
  formatNotes,
  formatTable,
  plural,
  printJson,
  type Terminal,
  terminalWidth,
  wrapText,
} from "../../terminal.ts";
import { exampleHelp } from "../../tuning/help.ts";
import { kernelOf } from "../../tuning/kernel.ts";
import { isSpaceFile, showSpaceFile } from "./spaceFile.ts";

interface SpaceRequest {
  readonly target: string;
  readonly grad?: boolean;
  readonly variant?: string;
  readonly limits?: string;
  readonly json?: boolean;
  readonly export?: string;
}

/** Options that say which kernel of an operator is meant, and for what. */
const ofOperators = ["target", "grad", "variant", "limits"] as const;

/** Adds `tune space`. */
export function addSpace(tune: Command, terminal: Terminal): void {
  withSubject(tune.command("space"))
    .description("what can be chosen for a kernel: parameters, constraints, how many are valid")
    .option("--export <format>", "print the space as t1, a format that other tuners read")
    .addHelpText(
      "after",
      exampleHelp(
        "space deform_conv2d --target wgsl --variant mask",
        "space conv2d --target cuda --export t1",
        "space conv2d --target wgsl --limits 1024,32768",
      ),
    )
    .action((name: string, request: SpaceRequest, command: Command) => {
      if (request.export !== undefined && request.export !== "t1")
        throw new UsageError(`--export ${request.export} is not known; the format is t1`);
      if (isSpaceFile(name)) {
        const given = ofOperators.filter(
          (option) => command.getOptionValueSource(option) === "cli",
        );
        if (given.length > 0)
          throw new UsageError(
            `--${given[0]} is of an operator's kernels; ${name} is a file with a space of its own`,
          );
        showSpaceFile(name, request, terminal);
        return;
      }
      const opened = openSpace(name, request);
      if (request.export === "t1") printJson(terminal, writeT1(opened.of.space));
      else if (request.json === true) printJson(terminal, spaceJson(opened));
      else terminal.out(formatSpace(opened));
    });
}

/** Adds `tune prune`. */
export function addPrune(tune: Command, terminal: Terminal): void {
  withSubject(tune.command("prune"))
    .description("how many configurations each constraint and each kind of device removes")
    .addHelpText("after", exampleHelp("prune conv2d --target cuda --grad"))
    .action((name: string, request: SpaceRequest) => {
      if (isSpaceFile(name))
        throw new UserError(
          `${name} is a file with a space; \`tune space ${name}\` counts what its conditions refuse`,
        );
      const opened = openSpace(name, request);
      const { of, points, target } = opened;
      const found = pruneSpace(of, points, machineOf(target.name).devices ?? []);
      if (request.json === true) printJson(terminal, { space: of.space.name, ...found });
      else terminal.out(formatPruning(opened, found));
    });
}

const withSubject = (command: Command): Command =>
  command
    .argument("<operator>", "a name that `list` shows, or a TypeScript file")
    .option("--target <name>", "whose kernel is meant", "js")
    .option("--grad", "the kernel of the gradients")
    .option("--variant <tensors>", "the optional tensors that are given, e.g. mask,bias")
    .option("--limits <threads,bytes>", "a device's: threads of a group, bytes on chip")
    .option("--json", "print JSON");

interface OpenedSpace {
  readonly of: DetailedSpace;
  readonly points: Points;
  readonly target: Target;
}

function openSpace(name: string, request: SpaceRequest): OpenedSpace {
  const target = parseTarget(request.target);
  const kernel = kernelOf(openOperator(name), target, request);
  const of = spaceOf(kernel, target, { ...limitsOf(target), ...parseLimits(request, target) });
  const points = enumerate(of.space);
  if (points.size === 0) throw new UserError(`${of.space.name}: no configuration is valid`);
  return { of, points, target };
}

function parseLimits({ limits }: SpaceRequest, target: Target) {
  if (limits === undefined) return {};
  if (!target.capabilities.groups)
    throw new UsageError(
      `--limits is of devices with groups of threads, which ${target.name} has not`,
    );
  const [threads, sharedBytes, ...rest] = limits.split(",").map(Number);
  const isCount = (n: number | undefined): n is number => Number.isInteger(n) && n! >= 1;
  if (!isCount(threads) || !isCount(sharedBytes) || rest.length > 0)
    throw new UsageError(
      `--limits ${limits} cannot be read; write the threads that a group may have and its bytes ` +
        "on chip, two whole numbers from 1 on, such as 1024,32768",
    );
  return { threads, sharedBytes };
}

const spaceJson = ({ of, points }: OpenedSpace) => ({
  space: of.space.name,
  hash: hashSpace(of.space),
  parameters: of.space.parameters,
  constraints: of.space.constraints.map(({ holds, why }) => ({ holds: printExpr(holds), why })),
  all: countAll(of.space),
  valid: points.size,
  default: of.default,
  left: of.left,
});

function formatSpace({ of, points }: OpenedSpace): string {
  const { space, left } = of;
  const rows = space.parameters.map(({ name, values }) => [
    name,
    String(of.default[name]),
    values.join(", "),
  ]);
  const width = terminalWidth();
  const indented = (text: string) => wrapText(text, width - 4).join("\n    ");
  const lines = [
    `${space.name}: ${plural(points.size, "configuration")} of ${countAll(space)}, ` +
      `space ${hashSpace(space)}`,
    ...(points.size === 1 ? ["There is nothing to tune."] : []),
    "",
    formatNotes(rows, { head: ["parameter", "default", "values"] }).trimEnd(),
    ...(space.constraints.length > 0 ? ["", "constraints"] : []),
    ...space.constraints.map(
      ({ holds, why }) => `  ${indented(`${printExpr(holds)}${why ? `  # ${why}` : ""}`)}`,
    ),
    ...(left.parameters.length > 0
      ? ["", indented(`as they are: ${left.parameters.join(", ")}`)]
      : []),
    ...(left.families.length > 0 ? ["", indented(`left out: ${left.families.join(" | ")}`)] : []),
  ];
  return `${lines.join("\n")}\n`;
}

/** Parameters that some structures have no use for are pinned there: one row for all of them. */
function joinUnused(all: readonly Pruned[]): readonly Pruned[] {
  const [unused, others] = [true, false].map((is) => all.filter((of) => isUnused(of) === is));
  if (unused!.length < 2) return all;
  const sum = (of: (one: Pruned) => number) => unused!.reduce((n, one) => n + of(one), 0);
  const why =
    `${unused!.length} parameters that some structures have no use for ` +
    "(sums of what is counted for each)";
  const joined = {
    constraint: "",
    why,
    refuses: sum((o) => o.refuses),
    alone: sum((o) => o.alone),
  };
  return [...others!, joined];
}

const isUnused = ({ why }: Pruned): boolean => why?.startsWith(unusedWhy) === true;

function formatPruning({ of }: OpenedSpace, found: ReturnType<typeof pruneSpace>): string {
  const rows = joinUnused(found.constraints).map(({ constraint, why, refuses, alone }) => [
    String(refuses),
    String(alone),
    why ?? constraint,
  ]);
  const devices = found.devices.map(({ device, fits, sparse }) => [
    device,
    String(fits),
    sparse === undefined ? "" : String(sparse),
  ]);
  const lines = [
    `${of.space.name}: ${plural(found.valid, "configuration")} of ${found.all}`,
    ...(rows.length === 0
      ? []
      : [
          "",
          formatNotes(rows, {
            head: ["refuses", "alone", "constraint"],
            align: ["right", "right"],
          }),
        ]),
    ...(devices.length === 0
      ? []
      : [
          formatTable(devices, {
            head: ["device", "fit", "below 1/3 occupancy"],
            align: ["left", "right", "right"],
          }),
          ...(found.devices.some(({ sparse }) => sparse !== undefined)
            ? ["Occupancy is by estimated registers."]
            : []),
        ]),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}
