// `show`: one operator, and what the compiler makes of it.

import type { Command } from "commander";
import type { Operator } from "../../frontend/operator.ts";
import { dumpKernel } from "../../ir/dump.ts";
import type { Kernel } from "../../ir/kernel.ts";
import { openBackward } from "../backward.ts";
import { bindOperator, parseBindings } from "../bindings.ts";
import { formatSignature, signatureJson } from "../describe.ts";
import { UserError } from "../errors.ts";
import { openOperator, parsePresent } from "../operators.ts";
import { describeResources, formatResources } from "../resources.ts";
import { describeTransforms, readSchedule, showNests } from "../schedules.ts";
import { printJson, type Terminal } from "../terminal.ts";

const examples = `
Examples:
  $ warpweave show deform_conv2d
  $ warpweave show ./my_op.ts --ir
  $ warpweave show deform_conv2d --variant mask,bias --nest --target cuda
  $ warpweave show deform_conv2d --grad --variant mask --nest
  $ warpweave show deform_conv2d --ir --bind KH=3,KW=3,border=dcnv1
  $ warpweave show deform_conv2d --grad --nest --target wgsl --schedule my_schedule.json
  $ warpweave show deform_conv2d --target cuda --resources

A schedule is JSON, a list of transforms with their parameters, such as
  [["pointwise", {"group": 64}], ["accumulate", {"stage": "grad_input", "by": "deterministic"}]]

Transforms:
${describeTransforms()}
docs/schedules.md of the package tells of their parameters, and which schedules are taken by default.`;

interface ShowOptions {
  readonly grad?: boolean;
  readonly ir?: boolean;
  readonly nest?: boolean;
  readonly resources?: boolean;
  readonly target: string;
  readonly schedule?: string;
  readonly variant?: string;
  readonly bind?: string;
  readonly json?: boolean;
}

/** Adds the command \`show\`. */
export function addShow(program: Command, terminal: Terminal): void {
  program
    .command("show")
    .description("what an operator takes and means; its IR; its loop nest")
    .argument("<operator>", "a name that `list` shows, or a TypeScript file")
    .option("--grad", "of its gradients: the kernel that is derived from the declaration")
    .option("--ir", "the tensor IR")
    .option("--nest", "the loop nest after each step of the schedule")
    .option("--resources", "what its kernels take of each device, as the target's compiler tells")
    .option("--target <name>", "whose schedule, limits and compiler are taken", "js")
    .option("--schedule <file>", "another schedule than the target's own")
    .option("--variant <tensors>", "the optional tensors that are given, e.g. mask,bias")
    .option("--bind <name=value,...>", "with these sizes, attributes and options fixed")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action(async (name: string, options: ShowOptions) => {
      const declared = openOperator(name);
      const bound =
        options.bind === undefined
          ? declared
          : bindOperator(declared, parseBindings(options.bind, declared));
      const operator = options.grad === true ? openBackward(bound) : bound;
      if (options.resources === true) {
        await printResources(operator, options, terminal);
        return;
      }
      const wantsKernel = options.ir === true || options.nest === true;
      if (!wantsKernel && options.schedule !== undefined)
        throw new UserError("--schedule is for --nest: show the nest with --nest --schedule FILE");
      const present = options.variant === undefined ? [] : parsePresent(operator, options.variant);
      if (!wantsKernel && options.variant === undefined && options.bind === undefined) {
        if (options.json === true) printJson(terminal, signatureJson(operator));
        else terminal.out(formatSignature(operator));
        return;
      }
      const kernel = operator.kernel(present);
      const parts = {
        ...(options.ir === true || options.nest !== true ? { ir: dumpKernel(kernel) } : {}),
        ...(options.nest === true ? { steps: await nestsOf(kernel, options) } : {}),
      };
      if (options.json === true)
        printJson(terminal, { ...signatureJson(operator), present, ...parts });
      else printParts(parts, terminal);
    });
}

async function printResources(
  operator: Operator,
  { target, variant, json, ir, nest, schedule }: ShowOptions,
  terminal: Terminal,
): Promise<void> {
  if (ir === true || nest === true || schedule !== undefined)
    throw new UserError("--resources is shown by itself, of the target's own schedule");
  const present = variant === undefined ? undefined : parsePresent(operator, variant);
  const found = await describeResources(operator, target, present);
  if (json === true) printJson(terminal, { operator: operator.name, target, ...found });
  else terminal.out(formatResources(found));
}

async function nestsOf(kernel: Kernel, options: ShowOptions) {
  const given = options.schedule === undefined ? undefined : await readSchedule(options.schedule);
  return showNests(kernel, options.target, given);
}

interface Parts {
  readonly ir?: string;
  readonly steps?: readonly { readonly after: string; readonly plan: string }[];
}

function printParts({ ir, steps = [] }: Parts, terminal: Terminal): void {
  if (ir !== undefined) terminal.out(`${ir}${steps.length > 0 ? "\n" : ""}`);
  const texts = steps.map(({ after, plan }) => `# ${after}\n\n${plan}`);
  if (texts.length > 0) terminal.out(texts.join("\n"));
}
