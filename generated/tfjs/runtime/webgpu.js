// SPDX-License-Identifier: MIT-0
// Runs a plan of the generated WGSL on the device and the buffers of the backend `webgpu`.
//
// Not as a WebGPUProgram: such a program is one launch that writes one output, it gets uniforms and
// helper functions of TensorFlow.js around its text, and its atomics are i32. A plan has several
// launches, workspaces and uniform blocks of its own, and gradients add floats through atomic<u32>.
// So the backend allocates the tensors, its pending commands are submitted, and the plan follows in
// a command buffer of its own. One queue keeps their order: nothing waits, and nothing is read
// back.

import { encode, listDispatches } from "./commands.js";
import { createMemory } from "./memory.js";
import { createPipelines } from "./pipelines.js";
import { constantsOf, listRuns, measure, selectSteps } from "./plan.js";

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

function checkLimits({ limits }, plan, names, elements) {
  for (const name of names) {
    const count = elements[name];
    for (const limit of ["maxStorageBufferBindingSize", "maxBufferSize"])
      if (count * 4 > limits[limit])
        throw new RangeError(
          `${plan.name}: ${name} takes ${count * 4} bytes; ` +
            `this device allows ${limits[limit]} (${limit}).`,
        );
  }
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
 * The bytes of each buffer that is used; those in one slot have the largest, so that none makes a
 * larger of it while another one's is bound. What is not used takes no memory.
 */
function sizeSlots(plan, used, elements) {
  const sizes = {};
  for (const name of used) {
    const { slot } = plan.buffers[name];
    const together = [...used].filter(
      (other) => other === name || (slot !== undefined && plan.buffers[other].slot === slot),
    );
    sizes[name] = 4 * Math.max(...together.map((each) => elements[each]));
  }
  return sizes;
}

/** The names of the buffers that steps use. */
const usedBy = (steps) =>
  new Set(
    steps.flatMap((step) =>
      step.kind === "fill" ? [step.buffer] : step.buffers.map(({ name }) => name),
    ),
  );

/** Buffers by name: of tensors, of workspaces, and a stand-in where one is empty. */
function findBuffers(backend, memory, plan, used, tensors, elements) {
  const sizes = sizeSlots(plan, used, elements);
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

/**
 * Computes the outputs `wanted`, as tensors. Workspaces stay in memory until another `session`
 * runs, for the other outputs of the same call.
 */
export function runOnWebgpu(program, { session, ...run }) {
  const state = stateOf(run.backend);
  if (state.session !== session) {
    state.session = session;
    state.complete = new Set();
  }
  try {
    return submit(program, run, state);
  } catch (error) {
    // What was to be complete is not.
    state.session = undefined;
    throw error;
  }
}

function submit(program, { backend, call, inputs, wanted }, { memory, findPipeline, complete }) {
  const { plan } = program;
  const { device } = backend;
  const { scalars, elements } = measure(plan, call);
  const steps = selectSteps(plan, wanted, complete);
  const used = usedBy(steps);
  checkLimits(device, plan, used, elements);
  const outputs = wanted.map((name) =>
    makeOutput(backend, plan.buffers[name].shape(scalars), elements[name]),
  );
  const results = Object.fromEntries(wanted.map((name, at) => [name, outputs[at]]));
  const tensors = { ...inputs, ...results };
  const buffers = findBuffers(backend, memory, plan, used, tensors, elements);
  const work = steps.filter((step) => step.kind !== "fill" || elements[step.buffer] > 0);
  const runs = listRuns(plan, work, scalars);
  const dispatches = listDispatches(device, runs);
  const uniforms = memory.uniforms(dispatches.map(({ block }) => block));
  const pipelineOf = (step) => findPipeline(program.source, step, constantsOf(plan, call));
  // Tensors that were just made here, or are still being computed, are in the backend's commands.
  backend.endComputePassEncoder();
  if (backend.commandEncoder) backend.submitQueue();
  const { commands, temporary } = encode(device, plan, runs, {
    buffers,
    dispatches,
    uniforms,
    pipelineOf,
  });
  device.queue.submit([commands]);
  for (const buffer of temporary) buffer.destroy();
  return outputs;
}
