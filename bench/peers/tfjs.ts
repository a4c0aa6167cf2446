// Composed of TensorFlow.js' operations, as its users do: gathers of the four corners, then one
// product.

import type { Tensor, Work } from "../../generators/measure/work/work.ts";
import type { Missing } from "../../generators/measure/worker/protocol.ts";
import type { Computer, Open, Running } from "../../generators/measure/worker/serve.ts";
import { folderOfMain, loadPackage } from "./package.ts";
import { composeDeformConv, type Tf, type TfTensor } from "./tfjsDeform.ts";

interface WasmBackend {
  setWasmPaths(folder: string): void;
  setThreadsCount(threads: number): void;
}

export const open: Open = async (threads, options): Promise<Computer | Missing> => {
  const backend = String(options);
  // Node has an interface of its own for it, which TensorFlow.js wants to be told of on each
  // import.
  const quiet = console.log;
  console.log = () => {};
  const loaded = await loadPackage<Tf>("@tensorflow/tfjs", "require");
  if ("unavailable" in loaded) return loaded;
  const versions: Record<string, string> = { "@tensorflow/tfjs": loaded.version };
  if (backend === "wasm") {
    const name = "@tensorflow/tfjs-backend-wasm";
    const wasm = await loadPackage<WasmBackend>(name, "require");
    if ("unavailable" in wasm) return wasm;
    wasm.library.setWasmPaths(folderOfMain(name));
    wasm.library.setThreadsCount(threads);
    versions[name] = wasm.version;
  }
  const tf = loaded.library;
  if (!(await tf.setBackend(backend)))
    return { unavailable: `its backend ${backend} does not start` };
  await tf.ready();
  console.log = quiet;
  return {
    device: `${tf.getBackend()} backend in Node ${process.versions.node}`,
    versions,
    prepare: async (work) => prepareTfjs(tf, work),
  };
};

/** The function of a call, whose tensors are on the backend; undefined where there is none. */
function compose(tf: Tf, work: Work): (() => TfTensor) | undefined {
  const { stride = 1, padding = 0, O = 0 } = work.numbers;
  const place = ({ data, shape }: Tensor): TfTensor => tf.tensor(data, shape);
  const { input, offset, weight, mask, bias } = work.tensors;
  if (work.grad || !input || !weight) return undefined;
  const biases = bias && place(bias).reshape([1, O, 1, 1]);
  if (offset) {
    const run = composeDeformConv(tf, work.numbers, {
      input: place(input),
      offset: place(offset),
      weight: place(weight),
      mask: mask && place(mask),
    });
    return () => (biases ? run().add(biases) : run());
  }
  const nhwc = place(input).transpose([0, 2, 3, 1]);
  const hwio = place(weight).transpose([2, 3, 1, 0]);
  const last = biases?.reshape([O]);
  return () => {
    const product = tf.conv2d(nhwc, hwio, stride, padding);
    return last ? product.add(last) : product;
  };
}

function prepareTfjs(tf: Tf, work: Work): Running | { readonly unsupported: string } {
  const run = compose(tf, work);
  if (!run) return { unsupported: "it is composed of convolutions' forward passes only" };
  let result: TfTensor | undefined;
  return {
    modes: [
      {
        name: "",
        counted:
          work.op === "conv2d"
            ? "arrays placed before, channels last; the result is read back"
            : "arrays placed before; the result is read back",
        async run() {
          result?.dispose();
          result = tf.tidy(run);
          await result.data();
        },
        async read() {
          const nchw = work.op === "conv2d" ? result!.transpose([0, 3, 1, 2]) : result!;
          return { output: await nchw.data() };
        },
      },
    ],
    close: () => tf.disposeVariables(),
  };
}
