// SPDX-License-Identifier: MIT-0
// How a call is checked, as in all generated modules.

import { join, partNames, readAttrs, show } from "./attributes.js";

const maxElements = 2147483647;
const nouns = { C: "channels", O: "output channels", H: "rows", W: "columns" };

function isNumeral(axis) {
  return axis >= "0" && axis <= "9~";
}

function readDims(tensor) {
  return tensor.dims.map((axes) => axes.join("*")).join(", ");
}

function findVariant(signature, shapes) {
  for (const name of Object.keys(shapes))
    if (!signature.tensors.some((tensor) => tensor.name === name))
      throw new TypeError(
        `${signature.operator} takes no tensor ${name}; ` +
          `it takes ${join(signature.tensors.map((tensor) => tensor.name))}.`,
      );
  for (const tensor of signature.tensors)
    if (!tensor.optional && !shapes[tensor.name])
      throw new TypeError(`${signature.operator} needs the tensor ${tensor.name}.`);
  const optional = signature.tensors.filter((tensor) => tensor.optional);
  const given = optional.map((tensor) => tensor.name).filter((name) => shapes[name]);
  const variant = signature.variants.find(
    ({ present }) => present.length === given.length && given.every((n) => present.includes(n)),
  );
  if (!variant) {
    const all = signature.variants.map(({ present }) => present.join(" and ") || "none").join("; ");
    throw new TypeError(
      `${signature.operator} was not generated for ${given.join(" with ") || "none"} of its ` +
        `optional tensors; there are kernels for: ${all}.`,
    );
  }
  return variant;
}

function checkShape(signature, tensor, shape) {
  const { name, dims } = tensor;
  if (!Array.isArray(shape) || shape.length !== dims.length)
    throw new RangeError(
      `${name} has ${Array.isArray(shape) ? shape.length : "no"} dimensions; ` +
        `it has ${dims.length}: (${readDims(tensor)}).`,
    );
  shape.forEach((size, d) => {
    if (!Number.isInteger(size) || size < 0)
      throw new RangeError(`${name}'s dimension ${d} is ${show(size)}; a size is a whole number.`);
    // An empty batch is a batch; an empty image has no pixel to sample.
    if (size === 0 && !(dims[d].length === 1 && signature.batches.includes(dims[d][0])))
      throw new RangeError(`${nameDimension(tensor, d, size)}; at least 1 is needed.`);
  });
  checkElements(name, shape);
}

function checkElements(name, shape) {
  const elements = shape.reduce((product, size) => product * size, 1);
  if (elements > maxElements)
    throw new RangeError(
      `${name} has ${elements} elements; kernels count with 32 bits, up to ${maxElements}.`,
    );
}

/** A dimension with its size, such as `weight has 5 output channels (O)`. */
function nameDimension(tensor, d, size) {
  const axes = tensor.dims[d];
  // Channels of several kinds, such as the y and x of each tap.
  if (axes.length > 1 && d === 1) return `${tensor.name} has ${size} channels`;
  const noun = axes.length === 1 ? nouns[axes[0]] : undefined;
  if (noun) return `${tensor.name} has ${size} ${noun} (${axes[0]})`;
  const named = axes.every(isNumeral) ? "" : ` (${axes.join("*")})`;
  return `${tensor.name}'s dimension ${d}${named} is ${size}`;
}

/** Sets axes that attributes alone tell and that share a dimension, which tells one axis more. */
function foreseeSizes(signature, variant, values) {
  const shared = signature.tensors.flatMap(({ dims }) => dims.filter((axes) => axes.length > 1));
  for (const { axis, size } of variant.axes.filter(({ early }) => early))
    if (shared.some((axes) => axes.includes(axis))) values[axis] = Number(size(values));
}

/**
 * Finds the sizes of axes that stand alone in a dimension, then of those that share one. Gives the
 * dimension that each was read from.
 */
function readSizes(signature, shapes, values) {
  const from = Object.create(null);
  const dimensions = signature.tensors.flatMap((tensor) =>
    shapes[tensor.name]
      ? tensor.dims.map((axes, d) => ({ tensor, axes, d, size: shapes[tensor.name][d] }))
      : [],
  );
  dimensions.sort((a, b) => Number(a.axes.length > 1) - Number(b.axes.length > 1));
  for (const { tensor, axes, d, size } of dimensions) {
    const known = axes.filter((axis) => isNumeral(axis) || axis in values);
    const unknown = axes.filter((axis) => !known.includes(axis));
    const sizeOf = (axis) => (isNumeral(axis) ? Number(axis) : values[axis]);
    const product = known.reduce((p, axis) => p * sizeOf(axis), 1);
    const what = nameDimension(tensor, d, size);
    if (unknown.length === 0) {
      if (size !== product) throw new RangeError(describeMismatch(axes, what, product, from));
    } else if (unknown.length > 1) {
      throw new TypeError(`The sizes ${unknown.join(", ")} cannot be told from the shapes.`);
    } else if (axes.length === 1) {
      values[unknown[0]] = size;
    } else {
      if (size % product !== 0)
        throw new RangeError(
          `${what}; ${showProduct(axes)}${where(axes, sizeOf, known)} ` +
            `gives a multiple of ${product}.`,
        );
      values[unknown[0]] = size / product;
    }
    for (const axis of unknown) from[axis] = { tensor, d };
  }
  return from;
}

function describeMismatch(axes, what, expected, from) {
  const [axis] = axes;
  if (axes.length === 1 && from[axis])
    return `${what}, but ${axis} is ${expected} in ${from[axis].tensor.name}.`;
  return `${what}; ${axes.length === 1 ? "it must be" : `${showProduct(axes)} is`} ${expected}.`;
}

/** Numbers first: `2·G·KH·KW`. */
function showProduct(axes) {
  return [...axes.filter(isNumeral), ...axes.filter((axis) => !isNumeral(axis))].join("·");
}

/** ` with KH=KW=3`: those of one size together. */
function where(axes, sizeOf, known) {
  const named = axes.filter((axis) => known.includes(axis) && !isNumeral(axis));
  const sizes = [...new Set(named.map(sizeOf))];
  const parts = sizes.map((size) =>
    [...named.filter((axis) => sizeOf(axis) === size), size].join("="),
  );
  return parts.length > 0 ? ` with ${parts.join(", ")}` : "";
}

/** What a size follows from, as `H=5, KH=3, stride_y=2`: all that its formula reads. */
function readBy(size, signature, values) {
  const read = new Set();
  size(new Proxy(values, { get: (all, name) => read.add(name) && all[name] }));
  const options = signature.attrs.filter(({ type }) => type === "bool" || type === "choice");
  const spoken = (name) => options.find((o) => o.name.toUpperCase() === name)?.name ?? name;
  const parts = [...read].map(spoken).map((name) => `${name}={${name}}`);
  return fillSentence(parts.join(", "), signature, values);
}

/** Axes that follow from others; one that a tensor has too must be the same there. */
function deriveSizes(signature, variant, values, from) {
  for (const { axis, size } of variant.axes) {
    const derived = Number(size(values));
    const read = values[axis];
    if (!Number.isFinite(derived) || derived < 1)
      throw new RangeError(
        `${axis} would be ${derived}: these sizes and attributes leave nothing to compute.`,
      );
    if (read !== undefined && read !== derived)
      throw new RangeError(
        `${nameDimension(from[axis].tensor, from[axis].d, read)}, but the other sizes and ` +
          `attributes give ${derived} (${readBy(size, signature, values)}).`,
      );
    values[axis] = derived;
  }
}

// The sentence of a demand: {C} stands for a size, {stride} for an attribute, {mode} for a choice.
function fillSentence(sentence, signature, values) {
  return sentence.replace(/\{([\w.]+)\}/g, (_, name) => {
    const attr = signature.attrs.find((each) => each.name === name);
    if (attr?.type === "bool") return String(values[name.toUpperCase()] === 1);
    if (attr?.type === "choice") return attr.values[values[name.toUpperCase()]];
    const parts = partNames[attr?.type];
    if (parts) return parts.map((part) => values[`${name}_${part}`]).join(",");
    return String(values[name.replaceAll(".", "_")]);
  });
}

function checkDemands(demands, signature, values) {
  for (const { holds, otherwise } of demands)
    if (!holds(values)) throw new RangeError(`${fillSentence(otherwise, signature, values)}.`);
}

/**
 * Checks shapes (of the tensors that are given) and attributes against a signature, and finds every
 * number that a kernel needs. Throws one sentence where something does not fit.
 */
export function resolve(signature, given, attrs) {
  const shapes = Object.assign(Object.create(null), given);
  const variant = findVariant(signature, shapes);
  const values = readAttrs(signature, attrs);
  const attributes = Object.keys(values);
  for (const tensor of signature.tensors)
    if (shapes[tensor.name]) checkShape(signature, tensor, shapes[tensor.name]);
  foreseeSizes(signature, variant, values);
  const from = readSizes(signature, shapes, values);
  // What callers can read off their own arrays is said before what follows from it.
  const early = variant.demands.filter((demand) => demand.early);
  checkDemands(early, signature, values);
  deriveSizes(signature, variant, values, from);
  checkDemands(variant.demands, signature, values);
  for (const bound of variant.bounds)
    if (bound(values) > maxElements)
      throw new RangeError(
        `These sizes and attributes make ${signature.operator} count up to ${bound(values)}; ` +
          `kernels count with 32 bits, up to ${maxElements}.`,
      );

  const pick = (names) => Object.fromEntries(names.map((name) => [name, values[name]]));
  const options = signature.attrs.filter(({ type }) => type === "bool" || type === "choice");
  const constants = options.map(({ name }) => name.toUpperCase());
  const sizes = pick(Object.keys(values).filter((name) => !attributes.includes(name)));
  const results = signature.outputs.filter(({ name }) => variant.outputs.includes(name));
  const outputs = Object.fromEntries(
    results.map(({ name, dims }) => {
      const sizeOf = (axis) => (isNumeral(axis) ? Number(axis) : sizes[axis]);
      const shape = dims.map((axes) => axes.reduce((p, axis) => p * sizeOf(axis), 1));
      checkElements(name, shape);
      return [name, shape];
    }),
  );
  return {
    present: variant.present,
    sizes,
    scalars: { ...sizes, ...pick(attributes.filter((name) => !constants.includes(name))) },
    options: Object.fromEntries(options.map(({ name }) => [name, values[name.toUpperCase()]])),
    outputs,
  };
}

/** Checks the columns that hold indices: each must be a whole number on its axis. */
export function checkIndices(signature, arrays, shapes, sizes) {
  for (const { tensor, column, axis } of signature.indices) {
    const data = Object.hasOwn(arrays, tensor) ? arrays[tensor] : undefined;
    if (!data) continue;
    const columns = shapes[tensor][shapes[tensor].length - 1];
    for (let at = column, row = 0; at < data.length; at += columns, row++)
      if (!(Number.isInteger(data[at]) && data[at] >= 0 && data[at] < sizes[axis]))
        throw new RangeError(
          `${tensor}[${row}] has the index ${data[at]} of ${axis} in column ${column}; ` +
            (sizes[axis] === 0
              ? `there is none, since ${axis} is empty.`
              : `it must be a whole number from 0 to ${sizes[axis] - 1}.`),
        );
  }
}
