// The package's runtime on a plan written by hand, with what generated plans need not have today: a fill that
// is not zero, two outputs of one launch, outputs that are not wanted, a limit that is too small.

import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { backends, deviceErrors, settle, useBackend } from "./tfjs.fixtures.ts";

const load = (name: string) =>
  import(new URL(`../../generated/tfjs/runtime/${name}.js`, import.meta.url).href);

const source = `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> twice: array<f32>;
@group(0) @binding(2) var<storage, read_write> more: array<f32>;
struct Params { N: i32, by: f32, group_base: u32 }
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(4)
fn both(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = i32((params.group_base + group.x + group.y * groups.x) * 4u + thread);
  if (i >= params.N) { return; }
  twice[i] = 2.0 * x[i];
  more[i] = more[i] + params.by * x[i];
}
`;

const module = {
  both(x: Float32Array, twice: Float32Array, more: Float32Array, N: number, by: number) {
    for (let i = 0; i < N; i++) {
      twice[i] = 2 * x[i]!;
      more[i]! += by * x[i]!;
    }
  },
};

type Scalars = Readonly<Record<string, number>>;
const elements = (v: Scalars) => v.N!;
const shape = (v: Scalars) => [v.N!];

const plan = {
  name: "both",
  sizes: [],
  bounds: [],
  constants: [],
  buffers: {
    x: { dtype: "f32", elements },
    twice: { dtype: "f32", elements, shape },
    more: { dtype: "f32", elements, shape },
  },
  steps: [
    { kind: "fill", buffer: "more", value: 0.5 },
    {
      kind: "launch",
      function: "both",
      buffers: [
        { name: "x", access: "read", binding: 0 },
        { name: "twice", access: "write", binding: 1 },
        { name: "more", access: "update", binding: 2 },
      ],
      scalars: ["N", "by"],
      groups: (v: Scalars) => Math.ceil(v.N! / 4),
      uniform: {
        binding: 3,
        bytes: 16,
        members: [
          ["N", "i32", 0],
          ["by", "f32", 4],
        ],
        base: 8,
      },
    },
  ],
};

describe.each(backends)("on %s", (backend) => {
  const run = async (numbers: readonly number[], ...wanted: readonly string[]) => {
    const failed = await useBackend(backend);
    if (failed) throw new Error(failed.unavailable);
    const { runOnCpu } = await load("cpu");
    const { runOnWebgpu } = await load("webgpu");
    const call = { scalars: { N: numbers.length, by: 0.25 }, options: {} };
    const inputs = { x: tf.tensor1d([...numbers]) };
    const given = { backend: tf.backend(), call, inputs, wanted, session: {} };
    const program = { plan, module, source };
    const made = (backend === "cpu" ? runOnCpu : runOnWebgpu)(program, given) as tf.TensorInfo[];
    const tensors = made.map((info) => tf.engine().makeTensorFromTensorInfo(info));
    const values = await Promise.all(tensors.map(async (tensor) => [...(await tensor.data())]));
    await settle();
    expect(deviceErrors).toEqual([]);
    return values;
  };

  it("fills with any number, and gives the outputs that are wanted", async () => {
    const numbers = [1, 2, 3, 4, 5, 6];
    const twice = numbers.map((x) => 2 * x);
    const more = numbers.map((x) => 0.5 + 0.25 * x);
    expect(await run(numbers, "twice", "more")).toEqual([twice, more]);
    expect(await run(numbers, "more")).toEqual([more]);
    expect(await run(numbers, "twice")).toEqual([twice]);
    expect(await run([], "twice", "more")).toEqual([[], []]);
  });
});

describe("memory on webgpu", () => {
  it("is taken for workspaces that the wanted outputs need, not for others in their slot", async () => {
    const failed = await useBackend("webgpu");
    if (failed) throw new Error(failed.unavailable);
    const { runOnWebgpu } = await load("webgpu");
    const large = 2 ** 20;
    const { x, twice, more } = plan.buffers;
    const shared = {
      ...plan,
      buffers: {
        x,
        twice,
        more: { ...more, slot: 0 },
        other: { dtype: "f32", elements: () => large, slot: 0 },
        third: twice,
      },
      steps: [
        ...plan.steps,
        {
          ...plan.steps[1]!,
          buffers: [
            { name: "x", access: "read", binding: 0 },
            { name: "third", access: "write", binding: 1 },
            { name: "other", access: "update", binding: 2 },
          ],
        },
      ],
    };
    const bytes = () => (tf.memory() as unknown as Record<string, number>).numBytesInGPU!;
    const inputs = { x: tf.tensor1d([1, 2, 3]) };
    const call = { scalars: { N: 3, by: 1 }, options: {} };
    const run = (wanted: string) => {
      const given = { backend: tf.backend(), call, inputs, wanted: [wanted], session: {} };
      const [info] = runOnWebgpu({ plan: shared, source }, given);
      return tf.engine().makeTensorFromTensorInfo(info).data();
    };
    const before = bytes();
    expect([...(await run("twice"))]).toEqual([2, 4, 6]);
    expect(bytes() - before).toBeLessThan(4 * large);
    expect([...(await run("third"))]).toEqual([2, 4, 6]);
    expect(bytes() - before).toBeGreaterThanOrEqual(4 * large);
    await settle();
    expect(deviceErrors).toEqual([]);
  });
});

describe("on a device with small limits", () => {
  it("names what is too large", async () => {
    await useBackend("cpu");
    const { runOnWebgpu } = await load("webgpu");
    const limits = { maxStorageBufferBindingSize: 16, maxBufferSize: 1024 };
    const device = { limits };
    const call = { scalars: { N: 5, by: 1 }, options: {} };
    const given = { backend: { device }, call, inputs: {}, wanted: ["twice"], session: {} };
    expect(() => runOnWebgpu({ plan, source }, given)).toThrow(
      "both: more takes 20 bytes; this device allows 16 (maxStorageBufferBindingSize).",
    );
  });
});

describe("the steps of some outputs", () => {
  const launch = (name: string, uses: Readonly<Record<string, string>>) => ({
    kind: "launch",
    function: name,
    buffers: Object.entries(uses).map(([buffer, access]) => ({ name: buffer, access, binding: 0 })),
  });
  const fill = { kind: "fill", buffer: "sums", value: 0 };
  const add = launch("add", { x: "read", sums: "update", first: "write" });
  const store = launch("store", { sums: "read", second: "write" });
  const steps = {
    name: "steps",
    buffers: { x: {}, sums: { slot: 0 }, first: {}, second: {} },
    steps: [fill, add, store],
  };

  it("leave out what an earlier run computed, but not what is added to again", async () => {
    const { selectSteps } = await load("plan");
    const complete = new Set<string>();
    expect(selectSteps(steps, ["second"], complete)).toEqual([fill, add, store]);
    expect([...complete]).toEqual(["sums"]);
    expect(selectSteps(steps, ["second"], complete)).toEqual([store]);
    // The launch that gives it adds to the sums too, so these begin anew.
    expect(selectSteps(steps, ["first"], complete)).toEqual([fill, add]);
    expect(selectSteps(steps, ["second"], complete)).toEqual([store]);
  });
});
