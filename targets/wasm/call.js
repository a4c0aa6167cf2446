// One call: its arrays in the memory of a module, its steps, its results. Plain JavaScript, which is copied into
// each generated module.

import { callShared } from "./engine.js";

const arrayTypes = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array };

/**
 * Gives buffers their places; those with `data` begin with it, and data that lies in the memory
 * stays where it is. What fails leaves the memory as it was.
 */
export function placeBuffers(engine, operator, buffers) {
  const { heap, memory, threads } = engine;
  // First, since views end when the memory grows.
  const inside = new Map(
    buffers
      .filter(({ data }) => data && data.buffer === memory.buffer)
      .map(({ name, data }) => [name, data.byteOffset]),
  );
  const owned = [];
  const places = new Map();
  const release = () => {
    for (const at of owned.splice(0)) heap.release(at);
  };
  try {
    for (const { name, dtype, elements, perWorker, data } of buffers) {
      const Type = arrayTypes[dtype];
      const bytes = Math.ceil((elements * Type.BYTES_PER_ELEMENT) / 64) * 64;
      let at = inside.get(name);
      if (at === undefined) {
        at = heap.allocate(perWorker ? bytes * threads : bytes, `${operator}: ${name}`);
        owned.push(at);
      }
      const isInside = inside.has(name);
      places.set(name, { at, stride: perWorker ? bytes : 0, elements, Type, isInside });
      if (data && elements > 0 && !isInside) viewOf(engine, places.get(name)).set(data);
    }
  } catch (error) {
    release();
    throw error;
  }
  return { places, release };
}

/** The elements of a buffer where they lie; until the memory grows. */
export const viewOf = ({ memory }, { at, elements, Type }) => new Type(memory.buffer, at, elements);

/** Numbers by name with those that are computed from them, one after another. */
export function withNumbers(scalars, numbers) {
  const all = { ...scalars };
  for (const [name, is] of numbers) all[name] = is(all);
  return all;
}

/**
 * Runs steps one after another, those of one of `repeats` together in each of its turns; `scalars`
 * by name, `constants` in their order.
 */
export function runSteps(engine, places, steps, scalars, constants, repeats) {
  for (let at = 0; at < steps.length; ) {
    const { repeat } = steps[at];
    if (repeat === undefined) {
      runStep(engine, places, steps[at++], scalars, constants);
      continue;
    }
    const first = at;
    while (at < steps.length && steps[at].repeat === repeat) at++;
    const { times, numbers } = repeats[repeat];
    const count = times(scalars);
    for (let turn = 0; turn < count; turn++) {
      const own = withNumbers({ ...scalars, turn }, numbers);
      for (const step of steps.slice(first, at)) runStep(engine, places, step, own, constants);
    }
  }
}

function runStep(engine, places, step, scalars, constants) {
  if (step.kind === "fill") {
    viewOf(engine, places.get(step.buffer)).fill(step.value);
    return;
  }
  const buffers = step.buffers.map((name) => places.get(name));
  const numbers = [...step.scalars.map((name) => scalars[name]), ...constants];
  callShared(
    engine,
    step.function,
    [...buffers.map(({ at }) => at), ...numbers],
    [...buffers.map(({ stride }) => stride), ...numbers.map(() => 0)],
  );
}
