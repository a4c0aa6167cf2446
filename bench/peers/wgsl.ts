// The WGSL of baselines/wgsl_bench.mjs on the same device as generated kernels: a thread for each
// output, or tiled.

import { readFile } from "node:fs/promises";
import type { Work } from "../../generators/measure/work/work.ts";
import type { Missing } from "../../generators/measure/worker/protocol.ts";
import type { Computer, Open, Running } from "../../generators/measure/worker/serve.ts";
import { openWgsl } from "../../targets/wgsl/adapter.ts";

interface Kernel {
  readonly groups: readonly [number, number];
  readonly code: string;
}

/** That program's function from a configuration to a kernel, for the sizes of a call. */
async function loadKernels(sizes: Readonly<Record<string, number>>) {
  const url = new URL("../baselines/wgsl_bench.mjs", import.meta.url);
  const text = await readFile(url, "utf8");
  const [start, end] = [text.indexOf("const prelude ="), text.indexOf("\nconst rb = dev")];
  if (start < 0 || end < start) throw new Error("baselines/wgsl_bench.mjs has no kernels any more");
  const names = Object.keys(sizes);
  const make = new Function(...names, `${text.slice(start, end)}\nreturn kernel;`);
  return make(...Object.values(sizes)) as (configuration: string) => Kernel | null;
}

export const open: Open = async (_, options): Promise<Computer | Missing> => {
  const opened = await openWgsl();
  if ("unavailable" in opened) return opened;
  const { device, driver } = opened.device;
  return {
    device: `${device}; ${driver}`,
    versions: { node: process.versions.node },
    prepare: (work) => prepareKernel(opened.gpu, work, String(options)),
    close: () => opened.close(),
  };
};

async function prepareKernel(
  gpu: GPUDevice,
  { tensors, numbers, grad, upstream }: Work,
  configuration: string,
): Promise<Running | { readonly unsupported: string }> {
  const { input, offset, weight, mask, bias } = tensors;
  const { N = 0, C = 0, H = 0, W = 0, O = 0, K: k = 0, G, stride } = numbers;
  if (!input || !offset || !weight || grad) return { unsupported: "it is deform_conv2d, forward" };
  if (mask || bias || G !== 1 || stride !== 1)
    return { unsupported: "it has no masks, biases, offset groups and strides" };
  const K = k * k;
  const make = await loadKernels({ N, C, H, W, O, k, K, HW: H * W, pad: k >> 1 });
  const kernel = make(configuration);
  if (!kernel) return { unsupported: `its tiles (${configuration}) do not fit the sizes` };
  // Output channels last, as the kernels read them.
  const packed = Float32Array.from({ length: O * C * K }, (_, i) => {
    const [o, tc] = [i % O, Math.floor(i / O)];
    return weight.data[(o * C + (tc % C)) * K + Math.floor(tc / C)]!;
  });
  const place = (bytes: number, data?: Float32Array): GPUBuffer => {
    const usage = 0x80 | 0x08 | 0x04; // STORAGE | COPY_DST | COPY_SRC
    const buffer = gpu.createBuffer({ size: Math.ceil(bytes / 16) * 16, usage });
    if (data) gpu.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
    return buffer;
  };
  const inputs = [input.data, offset.data, packed].map((data) => place(data.byteLength, data));
  const bytes = upstream.data.byteLength;
  const output = place(bytes);
  const pipeline = await gpu.createComputePipelineAsync({
    layout: "auto",
    compute: { module: gpu.createShaderModule({ code: kernel.code }), entryPoint: "main" },
  });
  const group = gpu.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [...inputs, output].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const submit = (record: (encoder: GPUCommandEncoder) => void) => {
    const encoder = gpu.createCommandEncoder();
    record(encoder);
    gpu.queue.submit([encoder.finish()]);
    return gpu.queue.onSubmittedWorkDone();
  };
  const run = () =>
    submit((encoder) => {
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...kernel.groups);
      pass.end();
    });
  const read = async () => {
    const staging = gpu.createBuffer({ size: bytes, usage: 0x01 | 0x08 }); // MAP_READ | COPY_DST
    await submit((encoder) => encoder.copyBufferToBuffer(output, 0, staging, 0, bytes));
    await staging.mapAsync(0x01);
    const values = new Float32Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return { output: values };
  };
  return {
    modes: [
      { name: "", counted: "built for this shape, weights and inputs placed before", run, read },
    ],
    close() {
      for (const buffer of [...inputs, output]) buffer.destroy();
    },
  };
}
