// What a line of a database must be.

import { Ajv } from "ajv";
import { locateFault } from "../../messages/json.ts";
import { explainFault } from "../../messages/schema.ts";
import type { Measurement } from "./record.ts";
import { isRunLine, type RunLine } from "./runs.ts";

/** The number of the format; it grows when older programs could not read what is written. */
export const version = 1;

/** The first line of every database. */
export const header = { kind: "header", format: "warpweave tune", version } as const;

const text = { type: "string" } as const;
const number = { type: "number" } as const;
const amount = { type: "number", minimum: 0 } as const;
const value = { type: ["number", "boolean", "string"] } as const;
const object = (
  properties: Readonly<Record<string, object>>,
  optional: readonly string[] = [],
) => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});
const map = (of: object) => ({ type: "object", additionalProperties: of });

const device = object(
  { device: text, driver: text, limits: map({ type: ["number", "boolean"] }) },
  ["limits"],
);

const key = object({
  operator: text,
  role: text,
  present: { type: "array", items: text },
  kernel: text,
  space: text,
  target: text,
  threads: { type: "integer", minimum: 1 },
  device,
  dtype: { enum: ["f32", "f16", "bf16"] },
  shape: map(number),
  offsets: text,
  protocol: { type: "integer" },
});

const statuses = {
  correct: true,
  correctness: true,
  nondeterministic: true,
  compile: true,
  runtime: true,
  timeout: true,
  memory: true,
  suspect: true,
} as const satisfies Readonly<Record<Measurement["status"], true>>;

const measurement = object(
  {
    kind: { const: "measurement" },
    key,
    configuration: map(value),
    status: { enum: Object.keys(statuses) },
    error: text,
    median: amount,
    interval: { type: "array", items: amount, minItems: 2, maxItems: 2 },
    samples: { type: "integer", minimum: 1 },
    anchor: amount,
    cpu: amount,
    wall: amount,
    own: amount,
    final: { const: true },
    // Infinite errors are null in JSON.
    worst: { type: ["number", "null"] },
    spent: object({ compile: amount, verify: amount, measure: amount }),
    clock: object({ name: text, resolution: amount }),
    at: { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\dT" },
  },
  [
    "error",
    "median",
    "interval",
    "samples",
    "anchor",
    "cpu",
    "wall",
    "own",
    "final",
    "worst",
    "clock",
  ],
);

const ajv = new Ajv({ allowUnionTypes: true });
const isMeasurement = ajv.compile<Measurement>(measurement);

/** A record or a line of a run; or why a line is none. */
export function parseLine(line: string): Measurement | RunLine | { readonly damaged: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return { damaged: explainText(line) };
  }
  return isRunLine(parsed) ? parsed : checkRecord(parsed);
}

/** Finding the place takes time with the square of the length, and no line of ours is so long. */
const mostLocated = 50_000;

const explainText = (line: string): string =>
  line.length > mostLocated
    ? "it is not JSON"
    : `it is not JSON at ${locateFault(line).replace("line 1, ", "")}`;

/** A record; or why something is none. */
export const checkRecord = (value: unknown): Measurement | { readonly damaged: string } =>
  isMeasurement(value) ? value : { damaged: explainFault(isMeasurement.errors) };
