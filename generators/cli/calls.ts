// The calls that are timed, from the words of the command line.

import { parseOffsets } from "../measure/work/offsets.ts";
import { type Choice, type Makers, makers } from "../measure/work/operators.ts";
import { UsageError, UserError } from "./errors.ts";
import { findDeclaration } from "./operators.ts";

/** What of a call commander gives. */
export interface CallRequest {
  readonly shape?: readonly string[];
  readonly preset?: readonly string[];
  readonly with?: string;
  readonly stride: string;
  readonly offsets?: string;
}

/** The whole number of an option, from `least` to `most`. */
export function parseCount(name: string, text: string, most: number, least = 1): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(
    `--${name} ${text} cannot be read; write a whole number from ${least} to ${most}`,
  );
}

/** The calls that a request means, made one at a time. */
export function readWorks(op: string, request: CallRequest): Makers {
  const make = Object.hasOwn(makers, op) ? makers[op] : undefined;
  if (make === undefined) {
    // One that is not there at all is refused as everywhere.
    findDeclaration(op);
    throw new UserError(
      `no calls of ${op} are known that could be timed; there are calls of: ` +
        Object.keys(makers).join(", "),
    );
  }
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
