// The configurations that won, as they are kept beside generated code: a small text file, one entry a line.

import { Ajv } from "ajv";
import { locateFault } from "../../messages/json.ts";
import { explainFault } from "../../messages/schema.ts";
import { canonicalJson } from "../database/identity.ts";
import type { Key } from "../database/record.ts";
import { TuningError } from "../space/error.ts";
import type { Configuration } from "../space/space.ts";
import { bucketOf } from "./shapes.ts";

/** How a configuration did, where it was measured with the default. */
export interface Evidence {
  /** Milliseconds of the default, and its own. */
  readonly default: number;
  readonly tuned: number;
  /** How many times faster it is, and between which values that lies. */
  readonly ratio: number;
  readonly interval: readonly [low: number, high: number];
  /** How many configurations were measured under these conditions, it among them. */
  readonly measured?: number;
  /** The day on which it was measured. */
  readonly date: string;
  /** What configurations that won for other conditions gave under these. */
  readonly others?: readonly { readonly configuration: Configuration; readonly ratio: number }[];
}

/** Where a winner is looked up: this machine's database, a team's file, what ships. */
export type Layer = "own" | "team" | "shipped";

/** A configuration that won under some conditions. */
export interface Winner {
  /** Where it was found; files do not say. */
  readonly layer?: Layer;
  readonly key: Key;
  /** Of the key's shape: sizes of one bucket and divisibility are alike. */
  readonly bucket: string;
  readonly configuration: Configuration;
  readonly evidence: Evidence;
}

/** The name of the file, in the folder of generated code. */
export const winnersFile = "tuned.json";

/** The number of the file's format. */
export const winnersVersion = 1;

const text = { type: "string" } as const;
const number = { type: "number" } as const;
const positive = { type: "number", exclusiveMinimum: 0 } as const;
const values = { type: "object", additionalProperties: { type: ["number", "boolean", "string"] } };
const closed = (
  properties: Readonly<Record<string, unknown>>,
  optional: readonly string[] = [],
) => ({
  type: "object",
  additionalProperties: false,
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});

/** The JSON schema of the file. */
export const winnersSchema = closed(
  {
    $schema: text,
    version: { const: winnersVersion },
    entries: {
      type: "array",
      items: closed({
        key: closed({
          operator: text,
          role: { enum: ["forward", "backward"] },
          present: { type: "array", items: text },
          kernel: text,
          space: text,
          target: text,
          threads: { type: "integer", minimum: 1 },
          device: closed(
            {
              device: text,
              driver: text,
              limits: { type: "object", additionalProperties: { type: ["number", "boolean"] } },
            },
            ["limits"],
          ),
          dtype: { enum: ["f32", "f16", "bf16"] },
          shape: { type: "object", additionalProperties: number },
          offsets: text,
          protocol: number,
        }),
        bucket: text,
        configuration: values,
        evidence: closed(
          {
            default: positive,
            tuned: positive,
            ratio: positive,
            interval: { type: "array", items: positive, minItems: 2, maxItems: 2 },
            measured: { type: "integer", minimum: 1 },
            date: { type: "string", pattern: "^\\d{4}-\\d{2}-\\d{2}$" },
            others: {
              type: "array",
              items: closed({ configuration: values, ratio: positive }),
            },
          },
          ["others", "measured"],
        ),
      }),
    },
  },
  ["$schema"],
);

let compiled: ReturnType<typeof compile> | undefined;
const compile = () =>
  new Ajv({ allowUnionTypes: true }).compile<{ readonly entries: readonly Winner[] }>(
    winnersSchema,
  );

/** Reads a file of winners; a sentence says what is wrong with it. */
export function parseWinners(content: string, path: string): readonly Winner[] {
  let data: unknown;
  try {
    data = JSON.parse(content);
  } catch {
    throw new TuningError(`${path} is not JSON: ${locateFault(content)}`);
  }
  compiled ??= compile();
  if (!compiled(data))
    throw new TuningError(`${path} is no file of winners: ${explainFault(compiled.errors)}`);
  const seen = new Set<string>();
  for (const [i, { key, bucket }] of data.entries.entries()) {
    if (bucket !== bucketOf(key.shape))
      throw new TuningError(
        `${path}, entry ${i + 1}: the bucket of its shape is ${bucketOf(key.shape)}, not ${bucket}`,
      );
    const name = canonicalJson(key);
    if (seen.has(name))
      throw new TuningError(`${path}, entry ${i + 1}: another entry has the same key`);
    seen.add(name);
  }
  return data.entries;
}

/** The text of a file of winners: sorted, one entry a line. */
export function printWinners(winners: readonly Winner[]): string {
  const place = ({ key }: Winner): string =>
    [key.operator, key.role, key.target, key.present.join(), canonicalJson(key)].join("\n");
  const lines = winners
    .map((winner) => ({ at: place(winner), line: canonicalJson({ ...winner, layer: undefined }) }))
    .toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map(({ line }) => `\n    ${line}`);
  return `{\n  "version": ${winnersVersion},\n  "entries": [${lines.join(",")}${lines.length > 0 ? "\n  " : ""}]\n}\n`;
}
