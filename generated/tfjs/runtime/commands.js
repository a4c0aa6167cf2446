// SPDX-License-Identifier: MIT-0
// The steps of a plan as commands of WebGPU.

import { coverGroups, packUniform } from "./dispatch.js";
import { arrays } from "./plan.js";

/** Every dispatch of steps as they run, with its uniform block. */
export function listDispatches(device, runs) {
  const perDimension = device.limits.maxComputeWorkgroupsPerDimension;
  const dispatches = [];
  for (const run of runs) {
    const { step, scalars } = run;
    if (step.kind === "fill") continue;
    for (const { base, x, y } of coverGroups(step.groups(scalars), perDimension))
      dispatches.push({ run, x, y, block: packUniform(step.uniform, scalars, base) });
  }
  return dispatches;
}

/** Fills a buffer; gives another one that is needed until the commands are submitted, if any. */
function encodeFill(device, encoder, buffer, value, type) {
  if (value === 0) {
    encoder.clearBuffer(buffer);
    return [];
  }
  const { size } = buffer;
  const values = device.createBuffer({ size, usage: 0x04 /* COPY_SRC */, mappedAtCreation: true });
  new type(values.getMappedRange()).fill(value);
  values.unmap();
  encoder.copyBufferToBuffer(values, 0, buffer, 0, size);
  return [values];
}

/**
 * Steps as they run, as commands; buffers that are `temporary` are to be destroyed once these are
 * submitted.
 */
export function encode(device, plan, runs, { buffers, dispatches, uniforms, pipelineOf }) {
  const encoder = device.createCommandEncoder();
  const temporary = [];
  let slot = 0;
  for (const run of runs) {
    const { step } = run;
    if (step.kind === "fill") {
      const type = arrays[plan.buffers[step.buffer].dtype];
      const buffer = buffers.get(step.buffer);
      temporary.push(...encodeFill(device, encoder, buffer, step.value, type));
      continue;
    }
    const { pipeline, layout } = pipelineOf(step);
    const { binding, bytes } = step.uniform;
    const group = device.createBindGroup({
      layout,
      entries: [
        ...step.buffers.map((use) => ({
          binding: use.binding,
          resource: { buffer: buffers.get(use.name) },
        })),
        { binding, resource: { buffer: uniforms.buffer, offset: 0, size: bytes } },
      ],
    });
    const pass = encoder.beginComputePass({ label: step.function });
    pass.setPipeline(pipeline);
    for (; dispatches[slot]?.run === run; slot++) {
      pass.setBindGroup(0, group, [slot * uniforms.stride]);
      pass.dispatchWorkgroups(dispatches[slot].x, dispatches[slot].y);
    }
    pass.end();
  }
  return { commands: encoder.finish(), temporary };
}
