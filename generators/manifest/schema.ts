// The JSON Schema of manifest.json, published beside it.

import type { FormulaFunction } from "../../targets/contract/formula.ts";
import { abiVersion } from "./abi.ts";

const text = { type: "string" };
const count = { type: "integer", minimum: 0 };
const list = (items: object) => ({ type: "array", items });
const record = (values: object) => ({ type: "object", additionalProperties: values });
const ref = (name: string) => ({ $ref: `#/definitions/${name}` });

/** An object with exactly these members; those named in `optional` may be absent. */
const object = (
  properties: Readonly<Record<string, object>>,
  optional: readonly string[] = [],
) => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

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

const dims = list(list(text));
const dtype = { enum: ["f32", "f16", "bf16", "f64", "i32", "u32"] };

/** A schema and what its values mean. */
const about = (description: string, schema: object) => ({ description, ...schema });

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
    entry: object(
      {
        operator: text,
        kernel: text,
        name: text,
        present: list(text),
        tensors: list(
          object(
            {
              name: text,
              role: { enum: ["input", "output"] },
              dtype,
              axes: dims,
              shape: list(ref("formula")),
              deterministic: about(
                "Of outputs: whether equal calls give equal bits. Where they do not, threads add to an " +
                  "element in an order that the device chooses.",
                { type: "boolean" },
              ),
            },
            ["deterministic"],
          ),
        ),
        scalars: list(
          object({ name: text, type: { enum: ["i32", "f32"] }, from: { enum: ["size", "attr"] } }),
        ),
        constants: list(object({ name: text, option: text, values: list(text), default: count })),
        accumulate: about(
          "The constant that says whether launches overwrite outputs (0, the default) or add to what is in " +
            "them (1): to all outputs of a call, so one that is to be overwritten is then filled with 0 " +
            "beforehand. Where there is none, outputs are overwritten.",
          text,
        ),
        workspaces: about(
          "Memory that the caller provides for the time of a call; its content does not matter. One is in use " +
            "from the first step that names it to the last, so two may share memory where the last step " +
            "of one comes before the first of the other.",
          list(
            object(
              {
                name: text,
                dtype,
                elements: ref("formula"),
                perWorker: about("Each CPU thread has so many of its own.", { const: true }),
                from: about(
                  "The inputs alone that its content depends on, with scalars and constants: where they are " +
                    "those of the call before, and so is its memory, the launches that write it and no " +
                    "other buffer than such can be left out. Absent where it depends on all.",
                  list(text),
                ),
              },
              ["perWorker", "from"],
            ),
          ),
        ),
        sizes: list(object({ name: text, is: ref("formula") })),
        bounds: list(ref("formula")),
        steps: about(
          "What is run, one after another. For some of the outputs it is enough to run, going backwards " +
            "from the last step, each step that writes (access write or update, or a fill) a buffer which " +
            "is wanted; what it reads (read or update) is wanted from there on. Other steps are left out, and " +
            "workspaces and outputs that no step left names need no memory.",
          list({ oneOf: [ref("launch"), ref("fill")] }),
        ),
        repeats: about(
          "Repetitions: steps that name one follow each other, and run all together `times` times, for one slab of " +
            "the work after another. In each turn `numbers` are computed in order, over the scalars and sizes of " +
            "the entry, `turn` (which counts from 0) and those before; launches take them as they take scalars. " +
            "A workspace that such steps use is in use in all of them. Absent where each step runs once.",
          list(
            object({
              times: ref("formula"),
              numbers: list(object({ name: text, is: ref("formula") })),
            }),
          ),
        ),
      },
      ["accumulate", "repeats"],
    ),
    launch: object(
      {
        kind: { const: "launch" },
        function: text,
        buffers: list(
          object({ name: text, access: { enum: ["read", "write", "update"] }, binding: count }),
        ),
        scalars: about(
          "The numbers that it takes, in order: of the entry (scalars, sizes) or of its turn. A launch that " +
            "is in no repetition may name numbers of turns, for the layout of its block: any value will do.",
          list(text),
        ),
        scalarsBinding: about(
          "The binding of the uniform block on targets that have bindings; it means nothing on others.",
          count,
        ),
        uniform: ref("uniform"),
        group: about("Threads of a group.", { type: "integer", minimum: 1 }),
        groups: about(
          "How many groups must run; where it is 0, nothing is launched. CUDA: gridDim.x. WGSL: WebGPU " +
            "allows maxComputeWorkgroupsPerDimension (by default 65535) in a dimension, so more are folded " +
            "into the second: a group's number is group_base + workgroup_id.x + workgroup_id.y * " +
            "num_workgroups.x, and one that is not below `groups` returns at once. A launch may be split " +
            "into dispatches (x, y, 1): group_base is 0 for the first and what was covered before, the sum " +
            "of x * y, for each later one. Every group must run exactly once: only the last dispatch may " +
            "cover more than is left.",
          ref("formula"),
        ),
        sharedBytes: count,
        parallel: about(
          "How many pieces of work CPU threads may share out; absent where one thread does all.",
          ref("formula"),
        ),
        repeat: about("The number of the entry's repetition that it is a part of.", count),
      },
      ["uniform", "parallel", "repeat"],
    ),
    uniform: about(
      "The uniform block of a launch (WGSL), byte for byte, at @group(0) and this binding. Members are of 4 " +
        "bytes, little-endian; `bytes` is the size to bind. From `scalar`: the number of that name, a " +
        "scalar or size of the entry. From `executor`: no number of the call but the executor's own, set for " +
        "each dispatch; group_base is the one there is, and `groups` says what it holds. In the text " +
        "a member may have an underscore more, where a keyword is in the way.",
      object({
        binding: count,
        bytes: { type: "integer", minimum: 16, multipleOf: 16 },
        members: list(
          object({
            name: text,
            type: { enum: ["i32", "u32", "f32"] },
            offset: { type: "integer", minimum: 0, multipleOf: 4 },
            from: { enum: ["scalar", "executor"] },
          }),
        ),
      }),
    ),
    fill: about(
      "Sets all elements of a buffer; not where `unless` names a constant that is 1.",
      object({ kind: { const: "fill" }, buffer: text, value: { type: "number" }, unless: text }, [
        "unless",
      ]),
    ),
  },
} as const;
