// What every generated module checks before it computes. Plain JavaScript, because it is copied into each of
// them; the command line imports the same text. Messages are one sentence: what is wrong, what is allowed.

const maxElements = 2147483647;
const partNames = { pair: ["y", "x"], sides: ["top", "left", "bottom", "right"] };

function isNumeral(axis) {
  return axis >= "0" && axis <= "9~";
}

function join(names) {
  return names.length > 0 ? names.join(", ") : "none";
}

function show(value) {
  return typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
}

/** The parts of a pair or of sides: one number stands for all, two for rows and columns. */
function readParts(attr, given) {
  const names = partNames[attr.type];
  if (typeof given === "number") return names.map(() => given);
  if (Array.isArray(given)) {
    if (given.length === names.length) return given;
    if (given.length === 2) return names.map((_, at) => given[at % 2]);
  } else if (given !== null && typeof given === "object") {
    const unknown = Object.keys(given).find((name) => !names.includes(name));
    if (unknown === undefined && names.every((name) => name in given))
      return names.map((name) => given[name]);
  }
  const lists = names.length === 2 ? "[y, x]" : "[y, x] or [top, left, bottom, right]";
  throw new TypeError(`${attr.name} is ${show(given)}; it is a whole number or ${lists}.`);
}

function checkNumber(attr, name, value) {
  const whole = attr.type !== "real";
  const kind = whole ? "a whole number" : "a finite number";
  if (typeof value !== "number" || !(whole ? Number.isInteger(value) : Number.isFinite(value)))
    throw new TypeError(`${name} is ${show(value)}; it must be ${kind}.`);
  const least = Math.max(attr.min ?? -Infinity, whole ? -2147483647 : -Infinity);
  const most = Math.min(attr.max ?? Infinity, whole ? 2147483647 : Infinity);
  if (value < least) throw new RangeError(`${name} is ${value}; it must be at least ${least}.`);
  if (value > most) throw new RangeError(`${name} is ${value}; it must be at most ${most}.`);
  return value + 0;
}

/** Adds the numbers of one attribute to `values`: of its parts, or of an option's choice. */
function readAttr(attr, given, values) {
  switch (attr.type) {
    case "int":
    case "real":
      values[attr.name] = checkNumber(attr, attr.name, given);
      return;
    case "pair":
    case "sides":
      readParts(attr, given).forEach((value, at) => {
        const part = partNames[attr.type][at];
        values[`${attr.name}_${part}`] = checkNumber(attr, `${attr.name}.${part}`, value);
      });
      return;
    case "bool":
      if (typeof given !== "boolean")
        throw new TypeError(`${attr.name} is ${show(given)}; it must be true or false.`);
      values[attr.name.toUpperCase()] = Number(given);
      return;
    default: {
      const number = attr.values.indexOf(given);
      if (number < 0) {
        const allowed = attr.values.join(", ");
        throw new RangeError(`${attr.name} is ${show(given)}; it is one of ${allowed}.`);
      }
      values[attr.name.toUpperCase()] = number;
    }
  }
}

function readAttrs(signature, attrs) {
  const values = {};
  for (const name of Object.keys(attrs))
    if (!signature.attrs.some((attr) => attr.name === name))
      throw new TypeError(
        `${signature.operator} has no attribute ${name}; ` +
          `it has ${join(signature.attrs.map((attr) => attr.name))}.`,
      );
  for (const attr of signature.attrs) {
    const given = attrs[attr.name] ?? attr.default;
    if (given === undefined)
      throw new TypeError(`${signature.operator} needs the attribute ${attr.name}.`);
    readAttr(attr, given, values);
  }
  return values;
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

function checkShape(tensor, shape) {
  const { name, dims } = tensor;
  if (!Array.isArray(shape) || shape.length !== dims.length)
    throw new RangeError(
      `${name} has ${Array.isArray(shape) ? shape.length : "no"} dimensions; ` +
        `it has ${dims.length}: (${readDims(tensor)}).`,
    );
  shape.forEach((size, d) => {
    if (!Number.isInteger(size) || size < 0)
      throw new RangeError(`${name}'s dimension ${d} is ${size}; a size is a whole number.`);
    // An empty batch is a batch; an empty image has no pixel to sample.
    if (size === 0 && d > 0)
      throw new RangeError(
        `${name}'s dimension ${d} (${dims[d].join("*")}) is 0; it must be more.`,
      );
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

/** What is said of a dimension that has the wrong size. */
function nameDimension(tensor, d, size) {
  return tensor.dims.length === 4 && d === 1
    ? `${tensor.name} has ${size} channels`
    : `${tensor.name}'s dimension ${d} is ${size}`;
}

/** Finds the sizes of axes that stand alone in a dimension, then of those that share one. */
function readSizes(signature, shapes, values) {
  const from = {};
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
          `${what}; ${axes.join("·")}${where(axes, sizeOf, known)} ` +
            `gives a multiple of ${product}.`,
        );
      values[unknown[0]] = size / product;
    }
    for (const axis of unknown) from[axis] = tensor.name;
  }
}

function describeMismatch(axes, what, expected, from) {
  const [axis] = axes;
  if (axes.length === 1 && from[axis])
    return `${what}, but ${axis} is ${expected} in ${from[axis]}.`;
  return `${what}; ${axes.length === 1 ? "it must be" : `${axes.join("·")} is`} ${expected}.`;
}

function where(axes, sizeOf, known) {
  const named = axes.filter((axis) => known.includes(axis) && !isNumeral(axis));
  return named.length > 0 ? ` with ${named.map((a) => `${a}=${sizeOf(a)}`).join(", ")}` : "";
}

/** Axes that follow from others; one that a tensor has too must be the same there. */
function deriveSizes(variant, values) {
  for (const { axis, size } of variant.axes) {
    const derived = Number(size(values));
    const read = values[axis];
    if (!Number.isFinite(derived) || derived < 1)
      throw new RangeError(
        `${axis} would be ${derived}: these sizes and attributes leave nothing to compute.`,
      );
    if (read !== undefined && read !== derived)
      throw new RangeError(
        `${axis} is ${read}, but the other sizes and attributes give ${derived}.`,
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

/**
 * Checks shapes (of the tensors that are given) and attributes against a signature, and finds every
 * number that a kernel needs. Throws one sentence where something does not fit.
 */
export function resolve(signature, shapes, attrs) {
  const variant = findVariant(signature, shapes);
  const values = readAttrs(signature, attrs);
  const attributes = Object.keys(values);
  for (const tensor of signature.tensors)
    if (shapes[tensor.name]) checkShape(tensor, shapes[tensor.name]);
  readSizes(signature, shapes, values);
  deriveSizes(variant, values);
  for (const { holds, otherwise } of variant.demands)
    if (!holds(values)) throw new RangeError(`${fillSentence(otherwise, signature, values)}.`);

  const pick = (names) => Object.fromEntries(names.map((name) => [name, values[name]]));
  const options = signature.attrs.filter(({ type }) => type === "bool" || type === "choice");
  const constants = options.map(({ name }) => name.toUpperCase());
  const sizes = pick(Object.keys(values).filter((name) => !attributes.includes(name)));
  const outputs = Object.fromEntries(
    signature.outputs.map(({ name, dims }) => {
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
    const data = arrays[tensor];
    if (!data) continue;
    const columns = shapes[tensor][shapes[tensor].length - 1];
    for (let at = column, row = 0; at < data.length; at += columns, row++)
      if (!(Number.isInteger(data[at]) && data[at] >= 0 && data[at] < sizes[axis]))
        throw new RangeError(
          `${tensor}[${row}] has the index ${data[at]} of ${axis} in column ${column}; ` +
            `it must be a whole number from 0 to ${sizes[axis] - 1}.`,
        );
  }
}
