// The peers there are, each a process; packages are those of this folder's own package.json.

import { UsageError } from "../../generators/cli/errors.ts";
import { nodeProgram, type Program } from "../../generators/measure/worker/client.ts";
import { suggestName } from "../../generators/messages/nearest.ts";

/** An implementation outside this project. */
export interface PeerInfo {
  readonly name: string;
  readonly doc: string;
  /** How it is started; `flags` are for Node. */
  readonly program: (flags: readonly string[]) => Program;
  readonly options: unknown;
  /** Written by hand to show what is possible; no library that anyone uses. */
  readonly byHand?: true;
}

const inNode = (file: string) => (flags: readonly string[]) =>
  nodeProgram(new URL(file, import.meta.url), flags);

const inPython = (): Program => ({
  // The system's: where Debian's packages are, whatever version managers put first on the path.
  command: process.env.WARPWEAVE_PYTHON ?? "/usr/bin/python3",
  args: [new URL("torch_peer.py", import.meta.url).pathname],
});

/** All peers, the ones that most trust first: the others are held against the first that agrees. */
export const peers: readonly PeerInfo[] = [
  {
    name: "torchvision",
    doc: "PyTorch's own kernels, through the system's python3",
    program: inPython,
    options: null,
  },
  {
    name: "onnxruntime",
    doc: "ONNX Runtime, native (onnxruntime-node)",
    program: inNode("onnxruntime.ts"),
    options: "onnxruntime-node",
  },
  {
    name: "onnxruntime-web",
    doc: "ONNX Runtime as WebAssembly with SIMD",
    program: inNode("onnxruntime.ts"),
    options: "onnxruntime-web",
  },
  {
    name: "tfjs-cpu",
    doc: "composed of TensorFlow.js operations, in JavaScript",
    program: inNode("tfjs.ts"),
    options: "cpu",
  },
  {
    name: "tfjs-wasm",
    doc: "the same on TensorFlow.js' WebAssembly backend",
    program: inNode("tfjs.ts"),
    options: "wasm",
  },
  {
    name: "gpu.js-cpu",
    doc: "written by hand for gpu.js, in JavaScript",
    program: inNode("gpujs.ts"),
    options: "cpu",
  },
  {
    name: "gpu.js-wasm",
    doc: "the same in gpu.js' WebAssembly mode",
    program: inNode("gpujs.ts"),
    options: "webasm",
  },
  {
    name: "im2col-js",
    doc: "columns, then three plain loops, in JavaScript",
    program: inNode("plain.ts"),
    options: "naive_cols",
  },
  {
    name: "naive-js",
    doc: "the formula as loops, in JavaScript",
    program: inNode("plain.ts"),
    options: "naive",
  },
  {
    name: "hand-js",
    doc: "fused and tiled by hand, in JavaScript",
    program: inNode("plain.ts"),
    options: "fused64",
    byHand: true,
  },
  {
    name: "hand-wasm",
    doc: "fused and tiled by hand for one shape, WebAssembly with SIMD",
    program: inNode("handWasm.ts"),
    options: "plain",
    byHand: true,
  },
  {
    name: "hand-wasm-relaxed",
    doc: "the same with relaxed SIMD",
    program: inNode("handWasm.ts"),
    options: "relaxed",
    byHand: true,
  },
  {
    name: "hand-c",
    doc: "fused and tiled by hand for one shape, C with AVX2",
    program: inNode("handC.ts"),
    options: null,
    byHand: true,
  },
  {
    name: "plain-c",
    doc: "positions once for each point, then its channels, as plain loops in C",
    program: inNode("plainC.ts"),
    options: null,
    byHand: true,
  },
  {
    name: "naive-wgsl",
    doc: "a thread for each output, in WGSL",
    program: inNode("wgsl.ts"),
    options: "naive:64",
    byHand: true,
  },
  {
    name: "hand-wgsl",
    doc: "tiled by hand for one shape, in WGSL",
    program: inNode("wgsl.ts"),
    options: "tile:8:64:16:8",
    byHand: true,
  },
];

/** The peers of `--peers all`, `none` or names with commas; an unknown one is refused. */
export function choosePeers(text: string): readonly PeerInfo[] {
  if (text === "all") return peers;
  if (text === "none") return [];
  const known = peers.map(({ name }) => name);
  const wanted = text.split(",").map((name) => name.trim());
  for (const name of wanted)
    if (!known.includes(name))
      throw new UsageError(`there is no peer "${name}"; ${suggestName(name, known)}`);
  return peers.filter(({ name }) => wanted.includes(name));
}

/** The peer whose times are divided by the others', where one is named: one of those chosen. */
export function chooseAgainst(
  name: string | undefined,
  chosen: readonly PeerInfo[],
): string | undefined {
  if (name === undefined || chosen.some((peer) => peer.name === name)) return name;
  const names = peers.map((peer) => peer.name);
  if (names.includes(name))
    throw new UsageError(`--against ${name} needs that peer; add it to --peers`);
  throw new UsageError(`there is no peer "${name}"; ${suggestName(name, names)}`);
}
