// The tensors that a caller gives. Plain JavaScript, which is copied into each generated module.

import { show } from "./attributes.js";

export function findGiven(tensors) {
  if (typeof tensors !== "object" || tensors === null)
    throw new TypeError(`The tensors are ${show(tensors)}; they must be an object.`);
  return Object.entries(tensors).filter(([, tensor]) => tensor !== undefined);
}

export function readShape(name, tensor) {
  if (!tensor?.data || !Array.isArray(tensor.shape))
    throw new TypeError(`${name} is not a tensor: it must be { data, shape }.`);
  return tensor.shape;
}

export function readData(name, data, shape) {
  const elements = shape.reduce((product, size) => product * size, 1);
  if (typeof data !== "object" || !Number.isInteger(data.length))
    throw new TypeError(`${name}.data must be an array of numbers, such as a Float32Array.`);
  if (data.length !== elements)
    throw new RangeError(
      `${name} has ${data.length} elements; its shape (${shape.join(", ")}) has ${elements}.`,
    );
  if (data instanceof Float32Array) return data;
  for (let at = 0; at < elements; at++)
    if (typeof data[at] !== "number")
      throw new TypeError(`${name}.data[${at}] is ${show(data[at])}; it must be a number.`);
  return Float32Array.from(data);
}
