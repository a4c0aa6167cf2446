// What a generated module does with a call. Plain JavaScript, which is copied into each of them.

import { show } from "../js/attributes.js";
import { placeBuffers, runSteps, viewOf } from "./call.js";
import { knowsRelaxed } from "./engine.js";

/** The options of `load`; relaxed vectors are used where engine and module have them. */
export function readOptions(options, has) {
  if (typeof options !== "object" || options === null)
    throw new TypeError(`The options are ${show(options)}; they must be an object.`);
  const unknown = Object.keys(options).find(
    (name) => !["source", "threads", "relaxed"].includes(name),
  );
  if (unknown !== undefined)
    throw new TypeError(`There is no option ${unknown}; there are source, threads and relaxed.`);
  const { source, threads = 1, relaxed } = options;
  if (relaxed !== undefined && typeof relaxed !== "boolean")
    throw new TypeError(`relaxed is ${show(relaxed)}; it must be true or false.`);
  return { source, threads, relaxed: has.relaxed && (relaxed ?? knowsRelaxed()) };
}

/** The bytes of a module, from where they are. */
export async function readBytes(source) {
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (ArrayBuffer.isView(source))
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (!(source instanceof URL || source instanceof Response || typeof source === "string"))
    throw new TypeError("source must be a URL, a Response, or the bytes of a module.");
  const file = findFile(source);
  if (file !== undefined) {
    try {
      return process.getBuiltinModule("node:fs").readFileSync(file);
    } catch (error) {
      throw new Error(`The module ${source} cannot be read: ${error.message}`);
    }
  }
  const response = source instanceof Response ? source : await fetch(source);
  if (!response.ok) throw new Error(`${response.url} answers ${response.status}.`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The file that a source is in Node, where a text that is no URL is a path; else it is fetched. */
function findFile(source) {
  if (source instanceof Response) return undefined;
  if (typeof process !== "object" || !process.getBuiltinModule) return undefined;
  const isUrl = source instanceof URL || /^[a-z][a-z0-9+.-]+:/i.test(source);
  if (!isUrl) return source;
  const url = new URL(source);
  return url.protocol === "file:" ? url : undefined;
}

/** Tensors in the memory of the module, which calls need not copy there. */
export function openMemory(engine) {
  const addresses = new Map();
  const allocate = (shape) => {
    const isSize = (size) => Number.isInteger(size) && size >= 0;
    if (!Array.isArray(shape) || !shape.every(isSize))
      throw new TypeError(`The shape is ${show(shape)}; it must be a list of whole numbers.`);
    const elements = shape.reduce((product, size) => product * size, 1);
    const at = engine.heap.allocate(elements * 4, `A tensor of shape (${shape.join(", ")})`);
    const tensor = {
      shape: [...shape],
      /** Its elements; a new view, since those of before end when the memory grows. */
      get data() {
        if (!addresses.has(tensor)) throw new TypeError("This tensor was freed.");
        return new Float32Array(engine.memory.buffer, at, elements);
      },
    };
    addresses.set(tensor, at);
    return tensor;
  };
  const free = (tensor) => {
    const at = addresses.get(tensor);
    if (at === undefined) throw new TypeError("This is no tensor of this memory, or was freed.");
    addresses.delete(tensor);
    engine.heap.release(at);
  };
  return {
    allocate,
    free,
    /** Bytes of the whole memory. */
    get bytes() {
      return engine.memory.buffer.byteLength;
    },
  };
}

/**
 * Keeps an entry's memory for calls in which `constant` inputs stay as they are: what depends on
 * them alone is computed now, and changes of their arrays are not seen.
 */
export function keepEntry(engine, entry, call, constant) {
  const { outputs, arrays } = call;
  const scalars = withNumbers(call.scalars, entry.sizes);
  const options = { ...call.options, accumulate: 0 };
  const constants = entry.options.map((name) => options[name]);
  const isOnce = (step) => step.from?.every((name) => constant.includes(name)) === true;
  const buffers = entry.buffers.map((buffer) => ({
    ...buffer,
    elements: buffer.elements(scalars),
    data: constant.includes(buffer.name) ? arrays[buffer.name] : undefined,
  }));
  const { places, release } = placeBuffers(engine, entry.name, buffers);
  const run = (steps) => runSteps(engine, places, steps, scalars, constants, entry.repeats);
  try {
    run(entry.steps.filter(isOnce));
  } catch (error) {
    release();
    throw error;
  }
  const each = entry.steps.filter((step) => !isOnce(step));
  return {
    run(given) {
      for (const [name, data] of Object.entries(given))
        if (!constant.includes(name)) viewOf(engine, places.get(name)).set(data);
      run(each);
      return Object.fromEntries(
        Object.entries(outputs).map(([name, shape]) => [
          name,
          { data: viewOf(engine, places.get(name)).slice(), shape },
        ]),
      );
    },
    release,
  };
}

/** The inputs that a kept call is to take as they are; throws where one is not given. */
export function readConstant(constant, arrays) {
  if (!Array.isArray(constant))
    throw new TypeError(`constant is ${show(constant)}; it must be a list of tensors' names.`);
  const given = Object.keys(arrays);
  const unknown = constant.find((name) => !given.includes(name));
  if (unknown !== undefined)
    throw new TypeError(
      `${show(unknown)} cannot be constant; tensors given are ${given.join(", ")}.`,
    );
  return [...constant];
}

/** Calls that share what is constant; `read` checks tensors as any call does. */
export function prepareCalls(engine, entries, read, tensors, constant) {
  const first = read(tensors);
  const names = readConstant(constant, first.arrays);
  // Copies, which nobody else changes or frees.
  const fixed = Object.fromEntries(
    names.map((name) => [
      name,
      { data: first.arrays[name].slice(), shape: [...tensors[name].shape] },
    ]),
  );
  const arrays = Object.fromEntries(names.map((name) => [name, fixed[name].data]));
  const entry = entries[first.present.join(" ")];
  const kept = keepEntry(engine, entry, { ...first, arrays }, names);
  const said = JSON.stringify([first.present, first.scalars]);
  let isOpen = true;
  return {
    run(changing = {}) {
      if (!isOpen) throw new TypeError("This call was closed.");
      const twice = names.find((name) => Object.hasOwn(changing, name));
      if (twice !== undefined)
        throw new TypeError(
          `${twice} is constant in this call; prepare another one for a new one.`,
        );
      const next = read({ ...fixed, ...changing });
      if (JSON.stringify([next.present, next.scalars]) !== said)
        throw new RangeError("The tensors have other shapes than those the call was prepared for.");
      return kept.run(next.arrays);
    },
    close() {
      if (isOpen) kept.release();
      isOpen = false;
    },
  };
}

/** Runs the steps of an entry that some results need: those of `results`, or all. */
export function runEntry(engine, entry, call, { results, adds = false } = {}) {
  const { outputs, arrays } = call;
  const scalars = withNumbers(call.scalars, entry.sizes);
  const options = { ...call.options, accumulate: Number(adds) };
  const wanted = Object.keys(results ?? outputs);
  const steps = entry.steps.filter(
    (step) =>
      step.for.some((name) => wanted.includes(name)) &&
      !(step.unless !== undefined && options[step.unless] === 1),
  );
  const used = new Set(steps.flatMap((step) => (step.buffer ? [step.buffer] : step.buffers)));
  const buffers = entry.buffers
    .filter(({ name }) => used.has(name) || wanted.includes(name))
    .map((buffer) => ({
      ...buffer,
      elements: buffer.elements(scalars),
      data: arrays[buffer.name] ?? (adds ? results[buffer.name] : undefined),
    }));
  const { places, release } = placeBuffers(engine, entry.name, buffers);
  try {
    const constants = entry.options.map((name) => options[name]);
    runSteps(engine, places, steps, scalars, constants, entry.repeats);
    const read = (name) => {
      const place = places.get(name);
      const data = viewOf(engine, place);
      if (!results) return data.slice();
      const given = results[name];
      // It was added to in place; the caller's view has ended where the memory has grown since.
      if (place.isInside) return given.length === data.length ? given : data;
      given.set(data);
      return given;
    };
    return Object.fromEntries(
      wanted.map((name) => [name, { data: read(name), shape: outputs[name] }]),
    );
  } finally {
    release();
  }
}
