// The operators for TensorFlow.js against other programs' results and finite differences, on each backend.

import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as warpweave from "../../generated/tfjs/index.js";
import type { Manifest } from "../../generators/manifest/manifest.ts";
import { type GoldenCase, goldenCases } from "../golden/golden.ts";
import {
  backends,
  deviceErrors,
  errorOf,
  roundings,
  settle,
  tensorOf,
  useBackend,
} from "./tfjs.fixtures.ts";

type Tensors = Readonly<Record<string, tf.Tensor>>;
type Operator = (...args: readonly unknown[]) => tf.Tensor;

const manifest = JSON.parse(
  readFileSync(new URL("../../generated/manifest.json", import.meta.url), "utf8"),
) as Manifest;

const camel = (name: string) => name.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());

/** Calls an operator by its tensors' names, as a function of some of them. */
function call(operator: string, tensors: Tensors, attributes: object): tf.Tensor {
  const { tensors: declared } = manifest.operators[operator]!;
  const required = declared.filter(({ optional }) => !optional).map(({ name }) => tensors[name]);
  const given = declared.filter(({ name, optional }) => optional && tensors[name]);
  const optional = Object.fromEntries(given.map(({ name }) => [name, tensors[name]]));
  const functions = warpweave as unknown as Readonly<Record<string, Operator>>;
  return functions[camel(operator)]!(...required, { ...optional, ...attributes });
}

/** The gradients of `operator` with respect to some tensors. */
function gradientsOf(
  operator: string,
  tensors: Tensors,
  attributes: object,
  wanted: readonly string[],
  dy: tf.Tensor,
): Tensors {
  const f = (...moved: readonly tf.Tensor[]) =>
    call(
      operator,
      { ...tensors, ...Object.fromEntries(wanted.map((name, at) => [name, moved[at]!])) },
      attributes,
    );
  const found = tf.grads(f)(
    wanted.map((name) => tensors[name]!),
    dy,
  );
  return Object.fromEntries(wanted.map((name, at) => [name, found[at]!]));
}

const revive = (arrays: GoldenCase["inputs"]): Tensors =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, tensorOf(array)]));

/** Numbers that float32 holds exactly; offsets lie well between pixels. */
function fill(tensor: string, shape: readonly number[], seed: number): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: size }, (_, at) => {
    const random = ((at * 1103515245 + seed * 12345 + 7919) >>> 3) % 97;
    const between = (20 + (random % 24)) / 64;
    if (tensor === "offset" || tensor === "trans" || tensor === "offset_mask")
      return (random % 3) - 1 + between;
    // Of 8 pixels, which -1 to 1 are.
    if (tensor === "grid") return (2 * ((random % 6) + between) + 1) / 8 - 1;
    // Of 4 pixels and of 2, which 0 to 1 are: near the edges of all of them.
    if (tensor === "location") return (random % 3) / 2 + ((random % 7) - 3) / 64;
    if (tensor === "shapes") return [4, 2, 2, 4][at]!;
    if (tensor === "starts") return [1, 9][at]!;
    // The last of six is an angle in degrees.
    if (tensor === "rois")
      return [random % 2, 1.25, 0.75, 6.25 + (random % 5) / 4, 7.5, 20][at % shape[1]!]!;
    return (random - 48) / 32;
  });
  return tf.tensor(data, [...shape]);
}

interface Setting {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly attributes: object;
  /** Tensors in whose numbers outputs are curved, of which other programs' gradients tell more. */
  readonly curved?: readonly string[];
}

const settings: Readonly<Record<string, Setting>> = {
  conv2d: {
    shapes: { input: [2, 4, 6, 5], weight: [6, 2, 3, 2], bias: [6] },
    attributes: { stride: [2, 1], padding: [1, 0, 2, 1] },
  },
  deform_conv2d: {
    shapes: {
      input: [2, 4, 6, 5],
      offset: [2, 24, 4, 5],
      weight: [6, 2, 3, 2],
      mask: [2, 12, 4, 5],
      bias: [6],
    },
    attributes: { stride: [2, 1], padding: [2, 0, 2, 1] },
  },
  dcn_v3: {
    shapes: { input: [2, 6, 5, 6], offset: [2, 3, 5, 36], mask: [2, 3, 5, 18] },
    attributes: { group: 2, stride: [2, 1] },
  },
  dcn_v4: {
    shapes: { input: [2, 6, 5, 6], offset_mask: [2, 3, 5, 50] },
    attributes: { group: 2, stride: [2, 1], remove_center: true },
  },
  grid_sample: {
    shapes: { input: [2, 3, 8, 8], grid: [2, 4, 3, 2] },
    attributes: {},
  },
  ms_deform_attn: {
    shapes: {
      value: [2, 18, 2, 3],
      shapes: [2, 2],
      starts: [2],
      location: [2, 4, 2, 2, 3, 2],
      attention: [2, 4, 2, 2, 3],
    },
    attributes: {},
  },
  roi_align: {
    shapes: { input: [2, 3, 9, 8], rois: [4, 5] },
    attributes: { output_size: [3, 2], sampling_ratio: 2 },
  },
  roi_align_rotated: {
    shapes: { input: [2, 3, 9, 8], rois: [4, 6] },
    attributes: { output_size: [3, 2], sampling_ratio: 2, angle: "degrees" },
  },
  prroi_pool: {
    shapes: { input: [2, 3, 9, 8], rois: [4, 5] },
    attributes: { output_size: [3, 2] },
    curved: ["rois"],
  },
  ps_roi_pool: {
    shapes: { input: [2, 12, 9, 8], rois: [4, 5] },
    attributes: { output_size: [3, 2] },
  },
  ps_roi_align: {
    shapes: { input: [2, 12, 9, 8], rois: [4, 5] },
    attributes: { output_size: [3, 2], sampling_ratio: 2 },
  },
  deform_ps_roi_pool: {
    shapes: { input: [2, 12, 9, 8], rois: [4, 5], trans: [4, 4, 3, 2] },
    attributes: { output_size: [3, 2], group_size: 0, sample_per_part: 2, trans_std: 0.0625 },
  },
  roi_pool: {
    shapes: { input: [2, 3, 9, 8], rois: [4, 5], offset: [4, 2, 3, 2] },
    attributes: { output_size: [3, 2], reduce: "mean" },
  },
  deform_roi_pool: {
    shapes: { input: [2, 3, 9, 8], rois: [4, 5], offset: [4, 2, 3, 2] },
    attributes: { output_size: [3, 2], sampling_ratio: 2, gamma: 0.125 },
  },
};

const variants = Object.entries(manifest.operators).flatMap(([operator, { variants: all }]) =>
  all.map(({ present }) => ({ operator, present, title: [operator, ...present].join(" ") })),
);

describe.each(backends)("on %s", (backend) => {
  beforeAll(async () => {
    const failed = await useBackend(backend);
    if (failed) throw new Error(failed.unavailable);
  });
  afterAll(async () => {
    await settle();
    expect(deviceErrors).toEqual([]);
  });

  it.runIf(backend === "webgpu")("what the device says against a command is noticed", async () => {
    const { device } = tf.backend() as unknown as { readonly device: GPUDevice };
    device.createBuffer({ size: 16, usage: 0 });
    await settle();
    expect(deviceErrors.splice(0).join()).toMatch(/usage/i);
  });

  describe("gives what other programs give", () => {
    const cases = goldenCases().filter(({ operator }) => manifest.operators[operator]);
    it.each(cases.map((c) => [c.name, c] as const))("%s", async (_, golden) => {
      const { operator, attrs, expected, tolerance, gradients } = golden;
      const inputs = revive(golden.inputs);
      const output = call(operator, inputs, attrs);
      expect(output.shape).toEqual([...expected.shape]);
      const largest = Math.max(...expected.data.map(Math.abs));
      const bound = roundings + tolerance / largest;
      expect(await errorOf(output, expected.data)).toBeLessThan(bound);
      if (!gradients) return;
      const wanted = Object.keys(gradients.inputs);
      const dy = tensorOf(gradients.output);
      const found = gradientsOf(operator, inputs, attrs, wanted, dy);
      for (const name of wanted) {
        const { data } = gradients.inputs[name]!;
        const share = tolerance / Math.max(...data.map(Math.abs), Number.MIN_VALUE);
        expect(await errorOf(found[name]!, data), name).toBeLessThan(roundings + share);
      }
    });
    it("has cases with gradients", () => {
      expect(cases.filter(({ gradients }) => gradients).length).toBeGreaterThan(20);
    });
  });

  describe("has the slopes that differences have", () => {
    it.each(variants.map((v) => [v.title, v] as const))("%s", async (_, { operator, present }) => {
      const { shapes, attributes, curved = [] } = settings[operator]!;
      const { tensors, differentiable } = manifest.operators[operator]!;
      const given = tensors.filter(({ name, optional }) => !optional || present.includes(name));
      const inputs = Object.fromEntries(
        given.map(({ name }, at) => [name, fill(name, shapes[name]!, at)]),
      );
      const wanted = differentiable.filter((name) => inputs[name] && !curved.includes(name));
      const output = call(operator, inputs, attributes);
      const dy = fill("seed", output.shape, 99);
      const found = gradientsOf(operator, inputs, attributes, wanted, dy);
      for (const name of wanted) {
        const gradient = await found[name]!.data();
        const data = await inputs[name]!.data();
        const largest = Math.max(...gradient.map(Math.abs));
        expect(largest, name).toBeGreaterThan(0.01);
        // Between pixels, outputs are linear in each single number: the difference is no approximation.
        const step = 1 / 16;
        for (const at of [0, 1, 2, 3].map((k) => Math.floor(((k + 0.5) * data.length) / 4))) {
          const sums = [step, -step].map((by) => {
            const moved = Float32Array.from(data);
            moved[at]! += by;
            const tensor = tf.tensor(moved, [...shapes[name]!]);
            return tf.sub(call(operator, { ...inputs, [name]: tensor }, attributes), output);
          });
          const [up, down] = sums as [tf.Tensor, tf.Tensor];
          const slopes = (await tf.mul(tf.sub(up, down), dy).data()) as Float32Array;
          const slope = slopes.reduce((a, b) => a + b, 0) / (2 * step);
          expect(Math.abs(slope - gradient[at]!), `${name}[${at}]`).toBeLessThan(1e-4 * largest);
        }
      }
    });
  });

  it("computes only the gradients that are asked for", async () => {
    const { shapes, attributes } = settings.deform_conv2d!;
    const tensors = Object.fromEntries(
      Object.entries(shapes).map(([name, shape], at) => [name, fill(name, shape, at)]),
    );
    const dy = fill("seed", [2, 6, 4, 5], 7);
    const { kernels } = await tf.profile(() => {
      gradientsOf("deform_conv2d", tensors, attributes, ["weight", "mask"], dy);
    });
    const own = kernels.map(({ name }) => name).filter((name) => name.startsWith("Warpweave"));
    expect(own).toEqual([
      "WarpweaveDeformConv2dMaskBias",
      "WarpweaveDeformConv2dMaskBiasBackward",
      "WarpweaveDeformConv2dMaskBiasBackward",
    ]);
  });

  it("takes an empty batch", async () => {
    const { deformConv2d, conv2d } = warpweave;
    const weight = fill("weight", [2, 1, 3, 3], 1);
    const offset = tf.zeros([0, 18, 2, 3]);
    const y = deformConv2d(tf.zeros([0, 1, 4, 5]), offset, weight);
    expect(y.shape).toEqual([0, 2, 2, 3]);
    expect([...(await y.data())]).toEqual([]);
    const [dx, dw] = tf.grads((x: tf.Tensor, w: tf.Tensor) => conv2d(x, w))(
      [tf.zeros([0, 1, 4, 5]), weight],
      tf.zeros([0, 2, 2, 3]),
    );
    expect(dx!.shape).toEqual([0, 1, 4, 5]);
    expect([...(await dw!.data())]).toEqual(new Array(18).fill(0));
  });

  it("takes tensors that another backend has made", async () => {
    await useBackend("cpu");
    const x = fill("input", [1, 2, 4, 4], 1);
    const weight = fill("weight", [3, 2, 3, 3], 2);
    const expected = await warpweave.conv2d(x, weight).data();
    await useBackend(backend);
    expect(await errorOf(warpweave.conv2d(x, weight), expected)).toBeLessThan(roundings);
  });

  it("covers more groups than one dimension of a dispatch has", { timeout: 120_000 }, async () => {
    // 65535 groups of 128 threads are fewer than these elements.
    const side = 2944;
    const y = tf.tidy(() =>
      warpweave.conv2d(tf.ones([1, 1, side, side]), tf.fill([1, 1, 1, 1], 2)),
    );
    const values = await y.data();
    expect(values.length).toBe(side * side);
    expect(values.every((value) => value === 2)).toBe(true);
    y.dispose();
  });

  it("works inside tidy and customGrad, and leaves nothing behind", async () => {
    const x = fill("input", [1, 2, 5, 5], 1);
    const weight = tf.variable(fill("weight", [3, 2, 3, 3], 2));
    const double = tf.customGrad((w) => ({
      value: tf.clone(w as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => tf.mul(dy, 2),
    }));
    const run = () =>
      tf.tidy(() => {
        // The weight is used twice: what comes back is added up.
        const twice = (w: tf.Tensor) =>
          tf.sum(tf.add(warpweave.conv2d(x, double(w)), warpweave.conv2d(x, w))) as tf.Scalar;
        const { grads } = tf.variableGrads(() => twice(weight));
        const plain = tf.grad((w: tf.Tensor) => tf.sum(warpweave.conv2d(x, w)))(weight);
        return tf.max(tf.abs(tf.sub(grads[weight.name]!, tf.mul(plain, 3))));
      });
    const first = run();
    const before = tf.memory().numTensors;
    const again = run();
    expect(tf.memory().numTensors).toBe(before + 1);
    expect((await first.data())[0]).toBe(0);
    expect((await again.data())[0]).toBe(0);
    weight.dispose();
  });

  it("trains a hundred steps in the same memory", async () => {
    const { deformConv2d } = warpweave;
    const x = fill("input", [2, 3, 8, 8], 1);
    const target = fill("target", [2, 4, 8, 8], 2);
    const weight = tf.variable(fill("weight", [4, 3, 3, 3], 3));
    const offset = tf.variable(fill("offset", [2, 18, 8, 8], 4));
    const mask = tf.variable(fill("mask", [2, 9, 8, 8], 5));
    const optimizer = tf.train.adam(0.01);
    const step = () =>
      optimizer.minimize(() => {
        const y = deformConv2d(x, offset, weight, { mask, padding: 1 });
        return tf.mean(tf.square(tf.sub(y, target))) as tf.Scalar;
      }, true)!;
    const memoryAfter = async (steps: number) => {
      let loss = step();
      for (let n = 1; n < steps; n++) {
        loss.dispose();
        loss = step();
      }
      const [value] = await loss.data();
      loss.dispose();
      const { numTensors, numBytes, ...rest } = tf.memory();
      return { value: value!, memory: { numTensors, numBytes, rest } };
    };
    const early = await memoryAfter(10);
    const late = await memoryAfter(100);
    expect(late.memory).toEqual(early.memory);
    expect(late.value).toBeLessThan(early.value / 2);
    for (const each of [weight, offset, mask, optimizer]) each.dispose();
  });
});
