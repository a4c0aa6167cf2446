// Deformable convolution in Node by generated kernels, forward and backward, in JavaScript and in WebAssembly. Nothing of
// the compiler is loaded: a generated module is all that a program needs. Run it with: node examples/node/main.js
//
// In a program of your own, with the package installed, these modules are "warpweave/js/deform_conv2d" and
// "warpweave/kernels/wasm/deform_conv2d.js".

import { deform_conv2d } from "../../generated/js/deform_conv2d.js";
import { deform_conv2d_backward } from "../../generated/js/deform_conv2d_backward.js";
import { load } from "../../generated/wasm/deform_conv2d.js";
import { load as loadBackward } from "../../generated/wasm/deform_conv2d_backward.js";

/** A tensor is its elements, row by row, and its shape; these are the same numbers in [-scale, scale) each time. */
function make(shape, scale, seed) {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  let state = seed;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = scale * ((state >>> 8) / 8388608 - 1);
  }
  return { data, shape };
}

/** The largest difference of two results, as a share of the largest number; NaN is no agreement. */
function differ(a, b) {
  let worst = 0;
  let largest = 0;
  for (let i = 0; i < a.data.length; i++) {
    const apart = Math.abs(a.data[i] - b.data[i]);
    if (!(apart <= worst)) worst = apart;
    largest = Math.max(largest, Math.abs(a.data[i]));
  }
  return worst / largest;
}

// A 3×3 kernel with padding 1 has as many positions as the image. Its 9 taps have an offset (y, x) each: 18 channels.
const [n, channels, height, width, filters] = [2, 8, 24, 24, 16];
const tensors = {
  input: make([n, channels, height, width], 1, 1),
  offset: make([n, 2 * 9, height, width], 2.5, 2),
  weight: make([filters, channels, 3, 3], 1, 3),
  mask: make([n, 9, height, width], 1, 4), // optional; with it this is version 2
};
const attributes = { padding: 1 };

// Sizes are read off the shapes. What does not fit is refused with one sentence.
const output = deform_conv2d(tensors, attributes);
console.log(`forward: output of shape ${output.shape.join(" × ")}`);
try {
  deform_conv2d({ ...tensors, mask: make([n, 8, height, width], 1, 4) }, attributes);
} catch (error) {
  console.log(`a wrong mask is refused: ${error.message}`);
}

// The backward kernel takes what the forward one took, and the gradient of its result. Only gradients that are wanted
// are computed.
const grad_output = make(output.shape, 1, 5);
const wanted = ["grad_offset", "grad_weight"];
const given = { ...tensors, grad_output };
const gradients = deform_conv2d_backward(given, attributes, { wanted });

// A step against a gradient makes the sum of output · grad_output smaller, by about the step times the slope squared.
const total = (weight) => {
  const { data } = deform_conv2d({ ...tensors, weight }, attributes);
  return data.reduce((sum, value, i) => sum + value * grad_output.data[i], 0);
};
const slope = gradients.grad_weight.data;
const step = 1e-4;
const moved = tensors.weight.data.map((value, i) => value - step * slope[i]);
const expected = step * slope.reduce((sum, value) => sum + value * value, 0);
const found = total(tensors.weight) - total({ ...tensors.weight, data: moved });
console.log(
  `backward: a step against grad_weight gives ${(found / expected).toFixed(3)} of what it should`,
);

// The same calls in WebAssembly, on several threads where the engine has them.
const wasm = await load({ threads: 2 });
const wasmBackward = await loadBackward({ threads: 2 });
const again = wasm.deform_conv2d(tensors, attributes);
const gradientsAgain = wasmBackward.deform_conv2d_backward(given, attributes, { wanted });

await Promise.all([wasm.close(), wasmBackward.close()]); // their threads end

const differences = {
  output: differ(output, again),
  grad_offset: differ(gradients.grad_offset, gradientsAgain.grad_offset),
  grad_weight: differ(gradients.grad_weight, gradientsAgain.grad_weight),
};
const agree = Object.values(differences).every((difference) => difference < 1e-5);
for (const [name, difference] of Object.entries(differences))
  console.log(
    `${name}: JavaScript and WebAssembly differ by ${difference.toExponential(1)} at most`,
  );
console.log(agree ? "they agree" : "THEY DIFFER");
process.exitCode = agree && Math.abs(found / expected - 1) < 0.01 ? 0 : 1;
