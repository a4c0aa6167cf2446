// ONNX Runtime: native, or as WebAssembly. Weights are constants of the model, so that it may pack
// them.

import type { Work } from "../../generators/measure/work/work.ts";
import type { Missing } from "../../generators/measure/worker/protocol.ts";
import type { Computer, Open, Running } from "../../generators/measure/worker/serve.ts";
import { encodeModel, nodeOf } from "./onnx.ts";
import { loadPackage } from "./package.ts";

interface OrtTensor {
  readonly data: Float32Array;
}

interface Session {
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<{ readonly output: OrtTensor }>;
  release(): Promise<void>;
}

/** What is used of either package; they have one interface. */
interface Ort {
  readonly env: {
    logLevel: string;
    readonly wasm?: { numThreads: number; wasmPaths?: string };
  };
  readonly InferenceSession: {
    create(model: Uint8Array, options: unknown): Promise<Session>;
  };
  readonly Tensor: new (
    type: string,
    data: Float32Array | BigInt64Array,
    shape: readonly number[],
  ) => OrtTensor;
}

export const open: Open = async (threads, options): Promise<Computer | Missing> => {
  const name = String(options);
  const isWeb = name === "onnxruntime-web";
  const loaded = await loadPackage<Ort>(name);
  if ("unavailable" in loaded) return loaded;
  const { library: ort, version } = loaded;
  ort.env.logLevel = "error";
  if (isWeb && ort.env.wasm) ort.env.wasm.numThreads = threads;
  return {
    device: isWeb ? `WebAssembly in Node ${process.versions.node}` : "CPU",
    versions: { [name]: version },
    prepare: (work) => prepareSession(ort, work, isWeb ? "wasm" : "cpu", threads),
  };
};

async function prepareSession(
  ort: Ort,
  work: Work,
  provider: string,
  threads: number,
): Promise<Running | { readonly unsupported: string }> {
  const node = work.grad ? undefined : nodeOf(work);
  if (!node) return { unsupported: "it has no gradients" };
  const session = await ort.InferenceSession.create(encodeModel(node, work.upstream.shape), {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
  });
  const feeds: Record<string, OrtTensor> = {};
  for (const [name, feed, constant] of node.inputs)
    if (feed && !constant)
      feeds[name] = new ort.Tensor(
        feed.data instanceof Float32Array ? "float32" : "int64",
        feed.data,
        feed.shape,
      );
  let output: OrtTensor | undefined;
  const counted =
    provider === "wasm"
      ? "weights prepared before; arrays are copied to and from its memory"
      : "weights prepared before; a new array for the result";
  return {
    modes: [
      {
        name: "",
        counted,
        async run() {
          output = (await session.run(feeds)).output;
        },
        read: async () => ({ output: output!.data }),
      },
    ],
    close: () => session.release(),
  };
}
