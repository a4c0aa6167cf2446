// The words of the command line, read into what they mean.

import { spawnSync } from "node:child_process";
import { UsageError, UserError } from "../generators/cli/errors.ts";
import { waysOfAdding } from "../generators/cli/lowerings.ts";
import { suggestName } from "../generators/cli/nearest.ts";
import type { Offsets } from "./work/convolution.ts";
import { type Choice, makers } from "./work/operators.ts";

/** What commander gives. */
export interface Request {
  readonly target?: string;
  readonly shape?: readonly string[];
  readonly preset?: readonly string[];
  readonly with?: string;
  readonly stride: string;
  readonly threads: string;
  readonly grad?: boolean;
  readonly offsets?: string;
  readonly peers: string;
  readonly runs: string;
  readonly against?: string;
  readonly node?: string;
  readonly accumulate?: string;
  readonly json?: boolean;
  readonly out?: string;
}

/** A whole number from 1 to `most`. */
export function parseCount(name: string, text: string, most: number): number {
  if (/^[1-9]\d*$/.test(text) && Number(text) <= most) return Number(text);
  throw new UsageError(`--${name} ${text} cannot be read; write a whole number from 1 to ${most}`);
}

/** A way of adding in gradients. */
export function parseAccumulate({ accumulate, grad }: Request): { readonly accumulate?: string } {
  if (accumulate === undefined) return {};
  if (!waysOfAdding.some((by) => by === accumulate))
    throw new UsageError(`--accumulate takes ${waysOfAdding.join(", ")}, not "${accumulate}"`);
  if (grad !== true) throw new UsageError("--accumulate is of gradients, which need --grad");
  return { accumulate };
}

/** `normal:2`, `uniform:40` or `zero`. */
export function parseOffsets(text: string): Offsets {
  const [kind, amount] = text.split(":", 2) as [string, string?];
  const pixels = Number(amount);
  const isAmount = amount !== undefined && /^\d+(\.\d+)?$/.test(amount) && pixels > 0;
  // Multiples of 1/2048 of up to 2^13 pixels are exact in f32.
  if (isAmount && pixels > 1000)
    throw new UsageError(`--offsets ${text} is too far; coordinates are exact up to 1000 pixels`);
  if (kind === "zero" && amount === undefined) return { kind };
  if (kind === "normal" && isAmount) return { kind, deviation: pixels };
  if (kind === "uniform" && isAmount) return { kind, most: pixels };
  throw new UsageError(
    `--offsets ${text} cannot be read; write normal:2 (deviation in pixels), uniform:40 (at most) or zero`,
  );
}

/** The calls that a request means, made one at a time. */
export function readWorks(op: string, request: Request) {
  const make = makers[op];
  if (make === undefined)
    throw new UserError(
      `no calls of "${op}" are known to bench; ${suggestName(op, Object.keys(makers))}`,
    );
  const given = (request.with ?? "").split(",").map((name) => name.trim());
  for (const name of given)
    if (!["", "mask", "bias"].includes(name))
      throw new UsageError(`--with takes mask, bias or both (mask,bias), not "${name}"`);
  if (op !== "deform_conv2d" && request.offsets !== undefined)
    throw new UsageError(`--offsets is of deform_conv2d; ${op} has none`);
  const choice: Choice = {
    shapes: request.shape ?? [],
    presets: request.preset ?? [],
    offsets: parseOffsets(request.offsets ?? "normal:2"),
    given: given.filter((name) => name !== ""),
    stride: parseCount("stride", request.stride, 64),
  };
  return make(choice);
}

/**
 * Flags for the processes of Node, separated by blanks; those that this Node does not know are
 * refused.
 */
export function parseFlags(text: string | undefined): readonly string[] {
  const flags = (text ?? "").split(" ").filter((flag) => flag !== "");
  for (const flag of flags)
    if (!/^--[a-z][\w-]*(=\S+)?$/.test(flag))
      throw new UsageError(
        `--node ${flag} is no flag; write for example --node=--max-old-space-size=8192`,
      );
  const tried = spawnSync(process.execPath, [...flags, "--version"], { encoding: "utf8" });
  if (tried.status === 0) return flags;
  throw new UserError(`this Node does not take ${flags.join(" ")}: ${tried.stderr.trim()}`);
}
