// The JSON Schema of manifest.json, published beside it.

import type { FormulaFunction } from "../../targets/contract/formula.ts";
import { abiVersion } from "./abi.ts";
import { entryDefinitions } from "./schemaEntries.ts";
import { about, count, dims, list, object, record, ref, text } from "./schemaForms.ts";

/** What the functions of formulas are. */
const functions: Readonly<Record<FormulaFunction, string>> = {
  ceilDiv: "ceilDiv(a, b) is a / b rounded up",
  idiv: "idiv(a, b) is a / b rounded down",
  mod: "mod(a, b) is what that leaves",
  select: "select(test, a, b) is a where the test is not 0, else b",
  min: "min(a, b)",
  max: "max(a, b)",
  abs: "abs(a)",
  floor: "floor(a)",
  ceil: "ceil(a)",
  round: "round(a), halves away from zero",
  rint: "rint(a) is the nearest whole number, halves to the even one",
  sqrt: "sqrt(a)",
  exp: "exp(a)",
  log: "log(a)",
  sin: "sin(a)",
  cos: "cos(a)",
  tanh: "tanh(a)",
};

/** The schema, in the form of draft 7. */
export const manifestSchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  // Both change together: what the schema describes is what the number stands for.
  $id: `urn:warpweave:manifest:${abiVersion}`,
  $comment: "SPDX-License-Identifier: MIT-0",
  title: "warpweave manifest",
  description: "Generated kernels: what they compute, and how to call them.",
  ...object({
    $schema: text,
    license: text,
    generator: text,
    abi: { type: "string", pattern: "^\\d+\\.\\d+\\.\\d+$" },
    operators: record(ref("operator")),
  }),
  definitions: {
    formula: {
      type: "string",
      description:
        "Numbers and names with ( ), and from tight to loose: - ! of one; * /; + -; < <= ==; &&; ||. " +
        `All in doubles, tests being 0 or 1. Functions: ${Object.values(functions).join("; ")}.`,
      pattern: "^(?:\\d\\.\\d|[A-Za-z0-9_+*/(),!<=&| -])+$",
    },
    operator: object({
      doc: text,
      source: text,
      tensors: list(ref("tensor")),
      attributes: about(
        "What callers set, by name. As scalars of entries: an int or a real has its own name; a pair is " +
          "two ints, stride being stride_y and stride_x; sides are four, padding being padding_top, " +
          "padding_left, padding_bottom and padding_right. A bool or a choice is no scalar but one of the " +
          "entry's constants, with its name as `option`; its number is the value's place in `values` there.",
        list(
          object(
            {
              name: text,
              type: { enum: ["int", "real", "pair", "sides", "bool", "choice"] },
              doc: text,
              default: { type: ["number", "boolean", "string"] },
              min: { type: "number" },
              max: { type: "number" },
              values: list(text),
            },
            ["default", "min", "max", "values"],
          ),
        ),
      ),
      outputs: about("Of the kernel `forward`.", list(ref("output"))),
      differentiable: about(
        "The tensors that the kernel `backward` gives gradients of, each as `grad_` and its name.",
        list(text),
      ),
      indices: list(object({ tensor: text, column: count, axis: text })),
      variants: list(
        object({
          present: list(text),
          demands: list(object({ holds: ref("formula"), otherwise: text })),
        }),
      ),
      kernels: record(
        object({
          tensors: about("What it takes beside the operator's tensors.", list(ref("tensor"))),
          outputs: about(
            "All results; the `tensors` of an entry are those that it takes and gives. A target " +
              "that only returns elements has no gradients that add to elements of a chosen index.",
            list(ref("output")),
          ),
          ir: record(text),
          targets: record(ref("target")),
        }),
      ),
    }),
    tensor: object({ name: text, dims, optional: { type: "boolean" }, doc: text }),
    output: object({ name: text, dims }),
    target: object(
      {
        files: list(text),
        schedule: text,
        bound: object({
          sizes: record(count),
          attrs: record({ type: "number" }),
          options: record(count),
        }),
        storage: { enum: ["f16", "bf16"] },
        features: list(text),
        needs: about(
          "The most of any launch. `buffers` counts storage buffers only: where launches have a `uniform`, " +
            "each takes one uniform buffer beside them.",
          object({ group: count, sharedBytes: count, buffers: count }),
        ),
        tolerance: ref("tolerance"),
        entries: list(ref("entry")),
      },
      ["bound", "storage"],
    ),
    tolerance: {
      description:
        "What a bound of |result - exact| is made of, by running error analysis for the inputs at hand: " +
        "each +, - and * errs by at most unitRoundoff * |its result|, each of `operations` as it says, " +
        "and errors of operands are carried on to the result. Sums may be taken in any order: n terms " +
        "err by at most (n - 1) * unitRoundoff * sum |term|, beside the terms' own errors. Results below " +
        "smallestNormal may be 0. Where floor, ceil, round or a comparison is decided within the error of " +
        "its operands, what either decision gives is right. Everything else is exact.",
      ...object(
        {
          method: { const: "running error" },
          unitRoundoff: { type: "number" },
          smallestNormal: { type: "number" },
          operations: {
            description:
              "By operation: promises in order, of which the first with from <= operand <= to holds (a bound " +
              "that is absent is none). The error is at most the larger of `absolute` and ulps + ulpsPerUnit * " +
              "|operand| units in the last place of the result; where no promise holds, anything may come out.",
            ...record(
              list(
                object(
                  {
                    from: { type: "number" },
                    to: { type: "number" },
                    ulps: { type: "number" },
                    ulpsPerUnit: { type: "number" },
                    absolute: { type: "number" },
                  },
                  ["from", "to", "ulps", "ulpsPerUnit", "absolute"],
                ),
              ),
            ),
          },
          storage: about(
            "Of results stored in 16 bits: what is stored errs by so many units in the last place of that type " +
              "beside the rest; inputs of that type are exact.",
            object({ type: { enum: ["f16", "bf16"] }, ulps: { type: "number" } }),
          ),
        },
        ["storage"],
      ),
    },
    ...entryDefinitions,
  },
} as const;
