// Golden data made by other people's programs, brought into one form; see README.md.

import { readFileSync } from "node:fs";
import type { GoldenCase } from "./case.ts";
import { type MmcvCase, readMmcv } from "./mmcv.ts";
import { type ModuleCase, readModule } from "./module.ts";
import { type OnnxCase, readOnnx } from "./onnx.ts";
import { readTorchvision, type TorchvisionCase } from "./torchvision.ts";

export type { GoldenCase, GoldenGradients } from "./case.ts";

interface File<Case> {
  readonly source: string;
  readonly cases: readonly Case[];
}

function load<Case>(name: string): File<Case> {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8")) as File<Case>;
}

/** Every golden case, in the attribute and tensor names of the references. */
export function goldenCases(): readonly GoldenCase[] {
  const torchvision = load<TorchvisionCase>("torchvision.json");
  const onnx = load<OnnxCase>("onnx.json");
  const layers = load<ModuleCase>("module.json");
  const mmcv = load<MmcvCase>("mmcv.json");
  return [
    ...torchvision.cases.map((stored) => readTorchvision(torchvision.source, stored)),
    ...onnx.cases.map((stored) => readOnnx(onnx.source, stored)),
    ...layers.cases.flatMap((stored) => readModule(layers.source, stored)),
    ...mmcv.cases.map((stored) => readMmcv(mmcv.source, stored)),
  ];
}
