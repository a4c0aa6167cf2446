// The calls that are timed, from the words of the command line.

import type { Operator } from "../frontend/operator.ts";
import { parseOffsets } from "../measure/work/offsets.ts";
import { type Choice, type Makers, makers } from "../measure/work/operators.ts";
import { UsageError } from "./errors.ts";
import { makeCalls } from "./layerCalls.ts";
import { openOperator, parsePresent } from "./operators.ts";

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
  const operator = make ? undefined : openOperator(op);
  const names = operator ? parsePresent(operator, request.with ?? "") : readWith(request.with);
  if (request.offsets !== undefined && !(operator ? isMoved(operator) : op === "deform_conv2d"))
    throw new UsageError(`--offsets is of positions that data choose; ${op} has none`);
  const choice: Choice = {
    shapes: request.shape ?? [],
    presets: request.preset ?? [],
    offsets: parseOffsets(request.offsets ?? "normal:2"),
    given: names,
    stride: parseCount("stride", request.stride, 64),
  };
  return make ? make(choice) : makeCalls(operator!, choice);
}

/** The optional tensors of convolutions that are named. */
function readWith(text = ""): readonly string[] {
  const given = text.split(",").map((name) => name.trim());
  for (const name of given)
    if (!["", "mask", "bias"].includes(name))
      throw new UsageError(`--with takes mask, bias or both (mask,bias), not "${name}"`);
  return given.filter((name) => name !== "");
}

/** Has an operator coordinates that are no boxes? */
const isMoved = ({ tensors, indices }: Operator): boolean =>
  tensors.some(
    ({ name, type }) => type === "coord" && !indices.some(({ tensor }) => tensor === name),
  );
