// Kernels on a device as programs call them: checked as the JavaScript modules check, with their results.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conv2d } from "../../generated/js/conv2d.js";
import { conv2d_backward } from "../../generated/js/conv2d_backward.js";
import { roi_align } from "../../generated/js/roi_align.js";
import { describeSignature } from "../../generators/emit/signature.ts";
import { backwardKernel, readOperator } from "../../generators/index.ts";
import type { Manifest } from "../../generators/manifest/manifest.ts";
import { openWgsl, type WgslExecutor } from "../../targets/wgsl/adapter.ts";
import { describeKernel, openKernel } from "../../targets/wgsl/index.ts";
import { signatureOf } from "../../targets/wgsl/module.ts";

const at = (path: string) => new URL(`../../${path}`, import.meta.url);
const text = (path: string) => readFileSync(at(path), "utf8");
const manifest: Manifest = JSON.parse(text("generated/manifest.json"));

const describeOne = (name: string, role = "forward") => {
  const files = manifest.operators[name]!.kernels[role]!.targets.wgsl!.files;
  return describeKernel(manifest, name, text(`generated/${files[0]}`), { role });
};

const floats = (shape: readonly number[], step: number) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
    Math.fround(Math.sin(i * step)),
  ),
});

describe("what is checked of calls is what the declaration says", () => {
  test.each(Object.keys(manifest.operators))("%s", (name) => {
    const operator = readOperator(at(`dsl/ops/${name}.ts`).pathname);
    const forward = operator.variants.map((present) => operator.kernel(present));
    for (const role of Object.keys(manifest.operators[name]!.kernels)) {
      const backward = operator.variants.map((present) => backwardKernel(operator, present)!);
      const kernels = role === "forward" ? forward : backward;
      const declared = describeSignature(operator, kernels);
      const read = signatureOf(describeOne(name, role));
      // Functions are compared by calls, below and in all tests of the modules.
      const plain = (signature: typeof read) => JSON.parse(JSON.stringify(signature));
      const variants = declared.variants.map((variant) => ({
        ...variant,
        demands: variant.demands.filter(({ formula }) => formula !== "1"), // it cannot fail
      }));
      expect(plain(read)).toEqual(plain({ ...declared, variants, doc: read.doc }));
    }
  });
});

describe("on a device", () => {
  let executor: WgslExecutor;
  beforeAll(async () => {
    const opened = await openWgsl({ adapter: "software" });
    if ("unavailable" in opened) throw new Error(opened.unavailable);
    executor = opened;
  });
  afterAll(() => executor?.close());

  const tensors = { input: floats([2, 3, 6, 5], 0.7), weight: floats([4, 3, 3, 2], 0.3) };
  const attributes = { padding: [1, 0] as const, stride: 2 };

  const close = (a: ArrayLike<number>, b: ArrayLike<number>) => {
    expect(a.length).toBe(b.length);
    expect(a.length).toBeGreaterThan(0);
    for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i]!, 5);
  };

  test("arrays give what JavaScript gives", async () => {
    const kernel = openKernel(executor.gpu, describeOne("conv2d"));
    const { output } = await kernel.run(tensors, attributes);
    const expected = conv2d(tensors, attributes);
    expect(output!.shape).toEqual(expected.shape);
    close(output!.data, expected.data);
  });

  test("gradients too, those that are wanted", async () => {
    const kernel = openKernel(executor.gpu, describeOne("conv2d", "backward"));
    const all = { ...tensors, grad_output: conv2d(tensors, attributes) };
    const results = await kernel.run(all, attributes, { wanted: ["grad_weight"] });
    expect(Object.keys(results)).toEqual(["grad_weight"]);
    const expected = conv2d_backward(all, attributes).grad_weight;
    expect(results.grad_weight!.shape).toEqual(expected.shape);
    close(results.grad_weight!.data, expected.data);
  });

  test("buffers to buffers, into one's own or new ones", async () => {
    const { gpu } = executor;
    const upload = ({ shape, data }: ReturnType<typeof floats>) => {
      const buffer = gpu.createBuffer({ size: data.byteLength, usage: 0x80 | 0x08 });
      gpu.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
      return { buffer, shape };
    };
    const read = async (buffer: GPUBuffer, bytes: number) => {
      const staging = gpu.createBuffer({ size: bytes, usage: 0x01 | 0x08 });
      const encoder = gpu.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, 0, staging, 0, bytes);
      gpu.queue.submit([encoder.finish()]);
      await staging.mapAsync(1);
      return new Float32Array(staging.getMappedRange().slice(0));
    };
    const expected = conv2d(tensors, attributes);
    const kernel = openKernel(gpu, describeOne("conv2d"));
    const on = { input: upload(tensors.input), weight: upload(tensors.weight) };
    const made = await kernel.runOnDevice(on, attributes);
    expect(made.output!.shape).toEqual(expected.shape);
    close(await read(made.output!.buffer, expected.data.byteLength), expected.data);
    const own = gpu.createBuffer({ size: expected.data.byteLength, usage: 0x80 | 0x04 });
    const given = await kernel.runOnDevice(on, attributes, { into: { output: own } });
    expect(given.output!.buffer).toBe(own);
    close(await read(own, expected.data.byteLength), expected.data);
    await expect(kernel.runOnDevice(on, attributes, { into: { grad: own } })).rejects.toThrow(
      "conv2d: into has grad, which is no result of this call.",
    );
    const noBuffers = tensors as unknown as typeof on;
    await expect(kernel.runOnDevice(noBuffers, attributes)).rejects.toThrow(
      "input is not a tensor on the device: it must be { buffer, shape }.",
    );
  });

  test("what does not fit is said as everywhere", async () => {
    const kernel = openKernel(executor.gpu, describeOne("roi_align"));
    const sentence = (call: () => unknown) => {
      try {
        call();
      } catch (error) {
        return (error as Error).message;
      }
      throw new Error("It was not refused.");
    };
    const image = floats([1, 2, 4, 4], 0.3);
    const rois = { shape: [1, 5], data: [3, 0, 0, 2, 2] };
    const calls = [
      [{ input: image }, { output_size: 2 }],
      [{ input: image, rois: { shape: [1, 4], data: [0, 0, 2, 2] } }, { output_size: 2 }],
      [{ input: image, rois }, { output_size: 2 }],
      [{ input: image, rois }, { output_size: 0 }],
      [
        { input: image, rois },
        { output_size: 2, sides: 1 },
      ],
    ] as const;
    for (const [tensors, attributes] of calls) {
      const expected = sentence(() => roi_align(tensors as never, attributes as never));
      await expect(kernel.run(tensors, attributes)).rejects.toThrow(expected);
    }
  });

  test("no device, or no kernel, is said", () => {
    const module = describeOne("conv2d");
    const none = undefined as unknown as GPUDevice;
    expect(() => openKernel(none, module)).toThrow(/takes a GPUDevice first, as adapter/);
    const device = { createShaderModule: () => {} } as unknown as GPUDevice;
    const noKernel = (() => {}) as unknown as typeof module;
    expect(() => openKernel(device, noKernel)).toThrow(/takes a kernel second: what warpweave/);
  });

  test("an operator that a manifest has not", () => {
    expect(() => describeKernel(manifest, "conv3d", "")).toThrow(
      "The manifest has no operator conv3d; it has conv2d, ",
    );
    expect(() => describeKernel(manifest, "conv2d", "", { role: "sideways" })).toThrow(
      "conv2d has no kernel sideways; it has forward, backward.",
    );
  });
});
