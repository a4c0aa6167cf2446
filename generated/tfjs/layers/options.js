// SPDX-License-Identifier: MIT-0
// The options of layers: what is allowed, and what is said where something else is given.

/** Options of every layer of TensorFlow.js. */
const ofLayers = [
  "batchInputShape",
  "batchSize",
  "customObjects",
  "dtype",
  "inputDType",
  "inputShape",
  "name",
  "trainable",
  "updatable",
  "weights",
];

/**
 * Refuses what are no options, and options that a layer has not, since a misspelt one would change
 * nothing; `example` has those that must be given.
 */
export function checkOptions(layer, args, known, example) {
  if (typeof args !== "object" || args === null || Array.isArray(args))
    throw new TypeError(`${layer} takes an object of options, such as ${example}.`);
  for (const name of Object.keys(args))
    if (![...ofLayers, ...known].includes(name))
      throw new TypeError(
        `${layer} has no option ${name}; it has ${[...known].sort().join(", ")}.`,
      );
}

/** A whole number of at least 1. */
export function readCount(layer, name, value) {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(
    `${layer}: ${name} is ${JSON.stringify(value)}; it is a whole number of at least 1.`,
  );
}

/** One number for both, or [rows, columns]. */
export function readPair(layer, name, value) {
  const pair = Array.isArray(value) ? value : [value, value];
  if (pair.length === 2 && pair.every((each) => Number.isInteger(each) && each >= 1)) return pair;
  throw new RangeError(
    `${layer}: ${name} is ${JSON.stringify(value)}; ` +
      "it is a whole number of at least 1, or two: rows and columns.",
  );
}

const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

/** One of some values, also in the spelling that values of a saved model come back in. */
export function readChoice(layer, name, value, values) {
  const found = values.find((each) => value === each || value === camel(each));
  if (found !== undefined) return found;
  throw new RangeError(
    `${layer}: ${name} is ${JSON.stringify(value)}; it is one of ${values.join(", ")}.`,
  );
}

/**
 * "same", "valid", or how many rows and columns are added: one number, [y, x], or all four sides.
 */
export function readPadding(layer, value) {
  if (value === "same" || value === "valid") return value;
  const isSize = (each) => Number.isInteger(each) && each >= 0;
  if (isSize(value)) return value;
  if (Array.isArray(value) && [2, 4].includes(value.length) && value.every(isSize)) return value;
  throw new RangeError(
    `${layer}: padding is ${JSON.stringify(value)}; it is "same", "valid", a whole number of at ` +
      "least 0, [rows, columns] or [top, left, bottom, right].",
  );
}
