// SPDX-License-Identifier: MIT-0
// An operator of TensorFlow.js made of generated kernels: it checks its call, runs the kernel that
// is registered for the backend, and is differentiated by the kernels that were derived of it.

import * as tf from "@tensorflow/tfjs";
import { join, show } from "./attributes.js";
import { readArray, runOnCpu } from "./cpu.js";
import { checkIndices, resolve } from "./runtime.js";
import { runOnWebgpu } from "./webgpu.js";

const runners = { cpu: runOnCpu, webgpu: runOnWebgpu };

/** What was given, in few words. */
const describe = (value) =>
  Array.isArray(value) || ArrayBuffer.isView(value) ? "an array" : show(value);

function checkTensor(operator, name, value) {
  if (!(value instanceof tf.Tensor))
    throw new TypeError(
      `${name} is ${describe(value)}; ${operator} takes tensors, as tf.tensor makes them.`,
    );
  if (value.isDisposed) throw new Error(`${name} was disposed before ${operator} was called.`);
  if (value.dtype !== "float32")
    throw new TypeError(
      `${name} is ${value.dtype}; ${operator} computes with float32 only: ` +
        `tf.cast(${name}, "float32") gives that.`,
    );
}

/** The tensors of a call by name, and what is left of the options: the attributes. */
function readCall(signature, name, args, options) {
  const required = signature.tensors.filter(({ optional }) => !optional);
  if (typeof options !== "object" || options === null || options instanceof tf.Tensor)
    throw new TypeError(
      `${name} takes ${required.map((tensor) => tensor.name).join(", ")} and then an object ` +
        "with what is optional.",
    );
  const tensors = {};
  required.forEach((tensor, at) => {
    checkTensor(name, tensor.name, args[at]);
    tensors[tensor.name] = args[at];
  });
  const attributes = { ...options };
  for (const { name: tensor, optional } of signature.tensors) {
    if (!optional) continue;
    delete attributes[tensor];
    // null is what layers and other libraries say for none.
    if (options[tensor] === undefined || options[tensor] === null) continue;
    checkTensor(name, tensor, options[tensor]);
    tensors[tensor] = options[tensor];
  }
  return { tensors, attributes };
}

function registerForward(signature, variant, backendName, program) {
  tf.registerKernel({
    kernelName: variant.kernelName,
    backendName,
    kernelFunc({ inputs, attrs: call, backend }) {
      // What is on a GPU is not read back for this: the kernels give 0 for an index out of range.
      if (backendName === "cpu" && signature.indices.length > 0) {
        const arrays = Object.fromEntries(
          signature.indices.map(({ tensor }) => [tensor, readArray(backend, inputs[tensor])]),
        );
        checkIndices(signature, arrays, call.shapes, call.sizes);
      }
      const wanted = signature.outputs.map(({ name }) => name);
      const run = { backend, call, inputs, wanted, session: {} };
      const outputs = runners[backendName](program, run);
      return outputs.length === 1 ? outputs[0] : outputs;
    },
  });
}

/**
 * The backward kernel gives the gradient of one tensor at a time, since only some are asked for.
 */
function registerBackward({ kernelName }, backendName, program) {
  tf.registerKernel({
    kernelName: `${kernelName}Backward`,
    backendName,
    kernelFunc({ inputs, attrs: { call, wanted, session }, backend }) {
      const run = { backend, call, inputs, wanted: [wanted], session };
      return runners[backendName](program, run)[0];
    },
  });
}

function registerGradient(signature, variant) {
  const { kernelName, saved: inputsToSave, gradients } = variant;
  const taken = signature.tensors.filter(
    ({ name, optional }) => !optional || variant.present.includes(name),
  );
  tf.registerGradient({
    kernelName,
    inputsToSave,
    gradFunc(dy, saved, call) {
      const dys = Array.isArray(dy) ? dy : [dy];
      const inputs = {};
      inputsToSave.forEach((name, at) => {
        inputs[name] = saved[at];
      });
      signature.outputs.forEach(({ name }, at) => {
        inputs[`grad_${name}`] = dys[at];
      });
      // The gradients of one call share what they compute on the way: a third less work for all of
      // them.
      const session = {};
      const gradientOf = (name) => () => {
        const wanted = `grad_${name}`;
        if (!gradients.includes(wanted))
          throw new Error(
            `${signature.operator} has no gradient with respect to ${name}: compute ${name} ` +
              "outside of the function that is differentiated.",
          );
        return tf.engine().runKernel(`${kernelName}Backward`, inputs, { call, wanted, session });
      };
      return Object.fromEntries(taken.map(({ name }) => [name, gradientOf(name)]));
    },
  });
}

/**
 * Registers the kernels of an operator with their gradients, and gives the function that calls
 * them.
 */
export function defineOperator({ name, signature, variants }) {
  const required = signature.tensors.filter(({ optional }) => !optional).length;
  for (const variant of variants) {
    for (const [backendName, { forward, backward }] of Object.entries(variant.backends)) {
      registerForward(signature, variant, backendName, forward);
      if (backward) registerBackward(variant, backendName, backward);
    }
    if (variant.gradients.length > 0) registerGradient(signature, variant);
  }
  const operator = (...given) => {
    if (given.length > required + 1)
      throw new TypeError(
        `${name} takes ${required} tensors and an object; it was given ${given.length} arguments.`,
      );
    const args = given.slice(0, required);
    const { tensors, attributes } = readCall(signature, name, args, given[required] ?? {});
    const shapes = Object.fromEntries(
      Object.entries(tensors).map(([tensor, { shape }]) => [tensor, shape]),
    );
    const call = { ...resolve(signature, shapes, attributes), shapes };
    const variant = variants.find(({ present }) => present.join(" ") === call.present.join(" "));
    const backend = tf.getBackend();
    if (!variant.backends[backend])
      throw new Error(
        `${name} runs on the backends ${join(Object.keys(variant.backends))}; ` +
          `the backend is ${backend}. tf.setBackend chooses another.`,
      );
    // Gradients are computed in the order of what is given here.
    const ordered = Object.fromEntries(variant.order.map((tensor) => [tensor, tensors[tensor]]));
    const outputs = tf.engine().runKernel(variant.kernelName, ordered, call);
    if (!Array.isArray(outputs)) return outputs;
    return Object.fromEntries(signature.outputs.map((output, at) => [output.name, outputs[at]]));
  };
  Object.defineProperty(operator, "name", { value: name });
  return operator;
}
