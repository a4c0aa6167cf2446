// The results of a call that may be chosen and added to. Plain JavaScript, which is copied into generated modules.

import { join, show } from "./attributes.js";

/** Arrays for the results that are wanted: those to add to, else new ones. */
export function makeResults(operator, outputs, choice, arrays) {
  const names = Object.keys(outputs);
  if (typeof choice !== "object" || choice === null)
    throw new TypeError(`The choice of results is ${show(choice)}; it must be an object.`);
  const unknown = Object.keys(choice).find((name) => name !== "wanted" && name !== "accumulate");
  if (unknown !== undefined)
    throw new TypeError(`There is no choice ${unknown}; there are wanted and accumulate.`);
  const { wanted = names, accumulate = {} } = choice;
  if (!Array.isArray(wanted) || wanted.length === 0)
    throw new TypeError(`wanted is ${show(wanted)}; it must be a list of some of: ${join(names)}.`);
  if (typeof accumulate !== "object" || accumulate === null)
    throw new TypeError(`accumulate is ${show(accumulate)}; it must be an object of arrays.`);
  for (const name of [...wanted, ...Object.keys(accumulate)])
    if (!names.includes(name))
      throw new TypeError(
        `${operator} gives no ${name} for these tensors; it gives ${join(names)}.`,
      );
  const results = {};
  for (const name of names) {
    const elements = outputs[name].reduce((product, size) => product * size, 1);
    const given = accumulate[name];
    if (given !== undefined && !wanted.includes(name))
      throw new TypeError(`accumulate has ${name}, which is not wanted.`);
    if (given !== undefined && !(given instanceof Float32Array))
      throw new TypeError(`accumulate.${name} must be a Float32Array.`);
    if (given !== undefined && given.length !== elements)
      throw new RangeError(
        `accumulate.${name} has ${given.length} elements; ` +
          `the shape (${outputs[name].join(", ")}) has ${elements}.`,
      );
    // What is added while it is still read, or to two results at once, would be wrong.
    const other = given && findShared(given, { ...arrays, ...results });
    if (other !== undefined)
      throw new TypeError(
        `accumulate.${name} shares memory with ${other}; results need memory of their own.`,
      );
    if (wanted.includes(name)) results[name] = given ?? new Float32Array(elements);
  }
  return results;
}

/** The name of an array that has elements in the memory of this one. */
function findShared(array, arrays) {
  const end = (each) => each.byteOffset + each.byteLength;
  return Object.keys(arrays).find((name) => {
    const other = arrays[name];
    if (array.buffer !== other.buffer) return false;
    return Math.max(array.byteOffset, other.byteOffset) < Math.min(end(array), end(other));
  });
}
