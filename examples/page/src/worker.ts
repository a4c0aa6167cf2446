// The generated JavaScript kernels in a thread of their own, so that the page stays at hand.

import { deform_conv2d } from "../../../generated/js/deform_conv2d.js";
import { deform_conv2d_backward } from "../../../generated/js/deform_conv2d_backward.js";
import { attributesOf, type Call, tensorsOf } from "./engine.ts";

/** What is asked; `gradient` asks for the gradient of the offsets. */
export interface Question {
  readonly id: number;
  readonly call: Call;
  readonly gradient?: Float32Array<ArrayBuffer>;
}

/** What is answered: a result, or the message of an error. */
export type Answer =
  | { readonly id: number; readonly data: Float32Array<ArrayBuffer>; readonly milliseconds: number }
  | { readonly id: number; readonly failed: string };

interface Scope {
  addEventListener(type: "message", listen: (event: MessageEvent<Question>) => void): void;
  postMessage(answer: Answer, transfer?: readonly Transferable[]): void;
}

const scope = globalThis as unknown as Scope;

scope.addEventListener("message", ({ data: { id, call, gradient } }) => {
  try {
    const start = performance.now();
    const data = gradient ? computeGradient(call, gradient) : computeResult(call);
    const milliseconds = performance.now() - start;
    scope.postMessage({ id, data, milliseconds }, [data.buffer]);
  } catch (error) {
    scope.postMessage({ id, failed: error instanceof Error ? error.message : String(error) });
  }
});

const computeResult = (call: Call): Float32Array<ArrayBuffer> =>
  deform_conv2d(tensorsOf(call), attributesOf(call)).data as Float32Array<ArrayBuffer>;

function computeGradient(
  call: Call,
  gradient: Float32Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> {
  const tensors = tensorsOf(call);
  const { height, width } = { height: tensors.offset.shape[2]!, width: tensors.offset.shape[3]! };
  const grad_output = { data: gradient, shape: [1, 3, height, width] };
  const choice = { wanted: ["grad_offset"] } as const;
  const found = deform_conv2d_backward({ ...tensors, grad_output }, attributesOf(call), choice);
  return found.grad_offset.data as Float32Array<ArrayBuffer>;
}
