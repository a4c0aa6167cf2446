// What the JSON Schema of manifest.json says of entries: their tensors, and the steps that they run.

import { about, count, dims, dtype, list, object, ref, text } from "./schemaForms.ts";

/** The definitions of an entry, its launches with their uniform blocks, and its fills. */
export const entryDefinitions = {
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
} as const;
