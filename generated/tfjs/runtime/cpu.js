// SPDX-License-Identifier: MIT-0
// Runs a plan of the generated JavaScript kernels on arrays of the backend `cpu`.

import { arrays, constantsOf, listRuns, measure, selectSteps } from "./plan.js";

/** The numbers of a tensor, without a copy where that is possible. */
export function readArray(backend, { dataId }) {
  const { values } = backend.data.get(dataId);
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

/**
 * Computes the outputs `wanted`, as tensors. Workspaces stay in `session`, for the other outputs of
 * the same call.
 */
export function runOnCpu({ plan, module }, { backend, call, inputs, wanted, session }) {
  const { scalars, elements } = measure(plan, call);
  const constants = Object.values(constantsOf(plan, call));
  session.complete ??= new Set();
  session.slots ??= new Map();
  const steps = selectSteps(plan, wanted, session.complete);
  const buffers = new Map();
  const allocate = (name) => {
    const { dtype, slot } = plan.buffers[name];
    const type = arrays[dtype];
    if (slot === undefined) return new type(elements[name]);
    const bytes = elements[name] * type.BYTES_PER_ELEMENT;
    if (!(session.slots.get(slot)?.byteLength >= bytes))
      session.slots.set(slot, new ArrayBuffer(bytes));
    return new type(session.slots.get(slot), 0, elements[name]);
  };
  const bufferOf = (name) => {
    const given = inputs[name];
    const found = buffers.get(name) ?? (given ? readArray(backend, given) : allocate(name));
    buffers.set(name, found);
    return found;
  };
  for (const { step, scalars: known } of listRuns(plan, steps, scalars)) {
    if (step.kind === "fill") {
      bufferOf(step.buffer).fill(step.value);
      continue;
    }
    const numbers = step.scalars.map((name) => known[name]);
    module[step.function](
      ...step.buffers.map(({ name }) => bufferOf(name)),
      ...numbers,
      ...constants,
    );
  }
  return wanted.map((name) =>
    backend.makeTensorInfo(plan.buffers[name].shape(scalars), "float32", bufferOf(name)),
  );
}
