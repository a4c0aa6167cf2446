// Runs a plan of the generated WGSL on the device and the buffers of the backend `webgpu`.
//
// Not as a WebGPUProgram: such a program is one launch that writes one output, it gets uniforms and
// helper functions of TensorFlow.js around its text, and its atomics are i32. A plan has several
// launches, workspaces and uniform blocks of its own, and gradients add floats through atomic<u32>.
// So the backend allocates the tensors, its pending commands are submitted, and the plan follows in
// a command buffer of its own. One queue keeps their order: nothing waits, and nothing is read
// back.

import { coverGroups, packUniform } from "./dispatch.js";
import { createMemory } from "./memory.js";
import { createPipelines } from "./pipelines.js";
import { arrays, constantsOf, measure, selectSteps } from "./plan.js";

const states = new WeakMap();

function stateOf(backend) {
  let state = states.get(backend);
  if (!state) {
    state = {
      memory: createMemory(backend),
      findPipeline: createPipelines(backend.device),
      // Whose workspaces are in memory, and which of them are complete.
      session: undefined,
      complete: new Set(),
    };
    states.set(backend, state);
  }
  return state;
}

function checkLimits({ limits }, plan, elements) {
  for (const [name, count] of Object.entries(elements))
    for (const limit of ["maxStorageBufferBindingSize", "maxBufferSize"])
      if (count * 4 > limits[limit])
        throw new RangeError(
          `${plan.name}: ${name} takes ${count * 4} bytes; ` +
            `this device allows ${limits[limit]} (${limit}).`,
        );
}

/** The buffer of a tensor's elements, which the backend makes where there is none yet. */
function bufferOfTensor(backend, { dataId }) {
  backend.uploadToGPU(dataId);
  return backend.tensorMap.get(dataId).resource;
}

function makeOutput(backend, shape, elements) {
  const output = backend.makeTensorInfo(shape, "float32");
  // A tensor without elements has no buffer, and reading it must not look for one.
  if (elements === 0) backend.tensorMap.get(output.dataId).values = new Float32Array(0);
  return output;
}

/**
 * The bytes of each buffer; those in one slot have the largest, so that none makes a larger of it
 * later.
 */
function sizeSlots(plan, elements) {
  const sizes = {};
  for (const [name, { slot }] of Object.entries(plan.buffers)) {
    const together = Object.keys(plan.buffers).filter(
      (other) => other === name || (slot !== undefined && plan.buffers[other].slot === slot),
    );
    sizes[name] = 4 * Math.max(...together.map((each) => elements[each]));
  }
  return sizes;
}

/**
 * The buffers of the steps by name: of tensors, of workspaces, and a stand-in where one is empty.
 */
function findBuffers(backend, memory, plan, steps, tensors, elements) {
  const sizes = sizeSlots(plan, elements);
  const used = new Set(
    steps.flatMap((step) =>
      step.kind === "fill" ? [step.buffer] : step.buffers.map(({ name }) => name),
    ),
  );
  const buffers = new Map();
  Object.entries(plan.buffers).forEach(([name, { slot }], at) => {
    if (!used.has(name)) return;
    if (elements[name] === 0) buffers.set(name, memory.empty(at));
    else if (tensors[name]) buffers.set(name, bufferOfTensor(backend, tensors[name]));
    // What has no slot is an output that is not wanted, but written beside one that is.
    else buffers.set(name, memory.workspace(slot ?? `of output ${at}`, sizes[name]));
  });
  return buffers;
}

/** Every dispatch of the steps, with its uniform block. */
function listDispatches(device, steps, scalars) {
  const perDimension = device.limits.maxComputeWorkgroupsPerDimension;
  const dispatches = [];
  for (const step of steps) {
    if (step.kind === "fill") continue;
    for (const { base, x, y } of coverGroups(step.groups(scalars), perDimension))
      dispatches.push({ step, x, y, block: packUniform(step.uniform, scalars, base) });
  }
  return dispatches;
}

function encodeFill(device, encoder, buffer, value, type) {
  if (value === 0) {
    encoder.clearBuffer(buffer);
    return;
  }
  const { size } = buffer;
  const values = device.createBuffer({ size, usage: 0x04 /* COPY_SRC */, mappedAtCreation: true });
  new type(values.getMappedRange()).fill(value);
  values.unmap();
  encoder.copyBufferToBuffer(values, 0, buffer, 0, size);
}

function encode(device, findPipeline, program, steps, buffers, dispatches, constants, uniforms) {
  const encoder = device.createCommandEncoder();
  let slot = 0;
  for (const step of steps) {
    if (step.kind === "fill") {
      const { dtype } = program.plan.buffers[step.buffer];
      encodeFill(device, encoder, buffers.get(step.buffer), step.value, arrays[dtype]);
      continue;
    }
    const { pipeline, layout } = findPipeline(program.source, step, constants);
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
    for (; dispatches[slot]?.step === step; slot++) {
      pass.setBindGroup(0, group, [slot * uniforms.stride]);
      pass.dispatchWorkgroups(dispatches[slot].x, dispatches[slot].y);
    }
    pass.end();
  }
  return encoder.finish();
}

/**
 * Computes the outputs `wanted`, as tensors. Workspaces stay in memory until another `session`
 * runs, for the other outputs of the same call.
 */
export function runOnWebgpu(program, { backend, call, inputs, wanted, session }) {
  const { plan } = program;
  const { device } = backend;
  const state = stateOf(backend);
  const { memory, findPipeline } = state;
  const { scalars, elements } = measure(plan, call.scalars);
  checkLimits(device, plan, elements);
  if (state.session !== session) {
    state.session = session;
    state.complete = new Set();
  }
  const steps = selectSteps(plan, wanted, state.complete);
  const outputs = wanted.map((name) =>
    makeOutput(backend, plan.buffers[name].shape(scalars), elements[name]),
  );
  const tensors = { ...inputs };
  wanted.forEach((name, at) => {
    tensors[name] = outputs[at];
  });
  const buffers = findBuffers(backend, memory, plan, steps, tensors, elements);
  const work = steps.filter((step) => step.kind !== "fill" || elements[step.buffer] > 0);
  const dispatches = listDispatches(device, work, scalars);
  const constants = constantsOf(plan, call);
  backend.endComputePassEncoder();
  if (backend.commandEncoder) backend.submitQueue();
  const uniforms = memory.uniforms(dispatches.map(({ block }) => block));
  device.queue.submit([
    encode(device, findPipeline, program, work, buffers, dispatches, constants, uniforms),
  ]);
  return outputs;
}
