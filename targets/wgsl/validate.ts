// Validates WGSL without executing it, with Dawn's compiler (the one in Chromium) on its null
// backend: no GPU and no Vulkan needed. naga.ts asks the other compiler; they accept different texts.

import type { Unavailable } from "../contract/program.ts";
import { createInstance, importDawn } from "./adapter.ts";
import { maximumLimits } from "./limits.ts";

/** What a compiler has against a text. */
export interface Problem {
  /** The entry point whose pipeline fails; absent where the text as a whole does. */
  readonly entryPoint?: string;
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
}

/** A text to validate, and values for its overrides where their defaults do not do. */
export interface WgslText {
  readonly source: string;
  /** Those whose pipelines are compiled too; all where this is absent. */
  readonly entryPoints?: readonly string[];
  readonly constants?: Readonly<Record<string, number>>;
}

/** The compute entry points of a WGSL text. */
export function findEntryPoints(source: string): readonly string[] {
  const code = source.replace(/\/\/.*$/gm, "").replace(/\/\*.*?\*\//gs, "");
  return [...code.matchAll(/@compute\b[^;{}]*?\bfn\s+(\w+)/g)].map((match) => match[1] ?? "");
}

let nullDevice: Promise<GPUDevice | Unavailable> | undefined;

async function openNullDevice(): Promise<GPUDevice | Unavailable> {
  const dawn = await importDawn();
  if ("unavailable" in dawn) return dawn;
  const adapter = await createInstance(dawn, ["backend=null"]).requestAdapter();
  if (!adapter) return { target: "wgsl", unavailable: "Dawn has no null backend here" };
  return adapter.requestDevice({
    requiredLimits: maximumLimits(adapter),
    requiredFeatures: [...adapter.features].filter(isShaderFeature),
  });
}

function isShaderFeature(feature: string): feature is GPUFeatureName {
  return feature === "shader-f16" || feature === "subgroups";
}

/**
 * The problems Dawn finds in a text, compiling the pipeline of every entry point; none is an empty
 * list. The device has WebGPU's guaranteed limits, so a kernel that needs more is a problem too.
 */
export async function validateWithDawn(
  source: string,
  constants: Readonly<Record<string, number>> = {},
): Promise<readonly Problem[] | Unavailable> {
  nullDevice ??= openNullDevice();
  const device = await nullDevice;
  if ("unavailable" in device) return device;
  return validateOn(device, { source, constants });
}

/** The problems a device's compiler finds in a text. */
export async function validateOn(
  device: GPUDevice,
  { source, constants = {}, entryPoints = findEntryPoints(source) }: WgslText,
): Promise<readonly Problem[]> {
  if (entryPoints.length === 0) return [{ message: "there is no @compute entry point" }];
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ code: source });
  const report = device.popErrorScope();
  const { messages } = await module.getCompilationInfo();
  const problems: Problem[] = messages
    .filter(({ type }) => type === "error")
    .map(({ message, lineNum, linePos }) => ({
      line: lineNum,
      column: linePos,
      message: message.trim(),
    }));
  const error = await report;
  if (error && problems.length === 0) problems.push({ message: error.message.trim() });
  if (problems.length > 0) return problems;
  for (const entryPoint of entryPoints) {
    try {
      const compute = { module, entryPoint, constants };
      await device.createComputePipelineAsync({ layout: "auto", compute });
    } catch (error) {
      problems.push({ entryPoint, message: (error as Error).message.trim() });
    }
  }
  return problems;
}
