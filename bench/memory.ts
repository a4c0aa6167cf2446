// The memory that layers of published networks need beside their tensors: workspaces of the forward
// and the backward kernels as the manifest states them, beside the column buffer of an explicit
// im2col.

import { formatTable } from "../generators/cli/terminal.ts";
import { compileKernels, scheduleOn } from "../generators/compile.ts";
import { bytesOf } from "../generators/emit/describe.ts";
import { describeSignature } from "../generators/emit/signature.ts";
import type { Target } from "../generators/emit/target.ts";
import type { Operator } from "../generators/frontend/operator.ts";
import { gradientsOn } from "../generators/gradients.ts";
import type { Kernel } from "../generators/ir/kernel.ts";
import { type Layer, layersOf, presets } from "../generators/measure/work/layers.ts";
import { evaluateFormula } from "../targets/contract/formula.ts";
import { shareWorkspaces } from "../targets/contract/memory.ts";
import type { Entry } from "../targets/contract/program.ts";
import { resolve } from "../targets/js/runtime.js";

/** A layer of a network, whose name is that of a preset; stride and dilation 1, padded to keep its size. */
export interface NetworkLayer extends Layer {
  readonly network: string;
}

/** The modulated layers of all presets. */
export const networkLayers: readonly NetworkLayer[] = Object.keys(presets).flatMap((network) =>
  layersOf(network).flatMap((layer) => (layer.mask ? [{ network, ...layer }] : [])),
);

/** Bytes of the workspaces of a target's kernels on one layer. */
export interface LayerMemory {
  readonly target: string;
  readonly forward: number;
  /** All gradients in one call. */
  readonly backward: number;
}

/** Bytes of the columns that an explicit im2col stores for one image. */
export const columnBytes = ({ C, H, W, K }: Pick<Layer, "C" | "H" | "W" | "K">): number =>
  4 * C * K * K * H * W;

/**
 * What the workspaces of an entry take together, those that share memory once, those of CPU threads
 * for each.
 */
export function workspaceBytes(
  entry: Entry,
  scalars: Readonly<Record<string, number>>,
  threads = 1,
): number {
  const numbers: Record<string, number> = { ...scalars };
  for (const { name, is } of entry.sizes) numbers[name] = evaluateFormula(is, numbers);
  const groups = shareWorkspaces(entry).map((group) =>
    group.map(
      ({ dtype, elements, perWorker }) =>
        (perWorker ? threads : 1) * bytesOf[dtype] * evaluateFormula(elements, numbers),
    ),
  );
  return groups.reduce((sum, sizes) => sum + Math.max(...sizes), 0);
}

/** The memory of layers on targets, by layer. */
export function measureMemory(
  operator: Operator,
  targets: readonly Target[],
): readonly (readonly LayerMemory[])[] {
  const present = ["mask"];
  const entries = targets.map((target) => {
    const compile = (kernels: readonly Kernel[]) =>
      compileKernels(operator, kernels, target, scheduleOn(target)).programs[0]!.entry;
    const { kernels } = gradientsOn({ ...operator, variants: [present] }, target);
    return {
      target: target.name,
      forward: compile([operator.kernel(present)]),
      backward: compile(kernels),
    };
  });
  const signature = describeSignature(operator, [operator.kernel(present)]);
  return networkLayers.map(({ C, H, W, O, K, G }) => {
    const shapes = {
      input: [1, C, H, W],
      offset: [1, 2 * G * K * K, H, W],
      weight: [O, C, K, K],
      mask: [1, G * K * K, H, W],
    };
    const { scalars } = resolve(signature, shapes, { padding: K >> 1 });
    return entries.map(({ target, forward, backward }) => ({
      target,
      forward: workspaceBytes(forward, scalars),
      backward: workspaceBytes(backward, scalars),
    }));
  });
}

const megabytes = (bytes: number): string =>
  bytes === 0 ? "0" : (bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 2 : 1);

/** The table of it: a row for each layer, in MiB. */
export function formatMemory(memory: readonly (readonly LayerMemory[])[]): string {
  const rows = networkLayers.map((layer, i) => {
    const { network, C, H, W, O, K, G } = layer;
    return [
      network,
      `C${C} ${H}×${W} O${O} ${K}×${K} G${G}`,
      megabytes(columnBytes(layer)),
      ...memory[i]!.flatMap(({ forward, backward }) => [megabytes(forward), megabytes(backward)]),
    ];
  });
  const columns = (memory[0] ?? []).flatMap(({ target }) => [`${target} fwd`, `${target} bwd`]);
  const table = formatTable(rows, {
    head: ["network", "workspaces in MiB for one image", "im2col", ...columns],
    align: ["left", "left", "right", ...columns.map(() => "right" as const)],
  });
  return `${table}\nbwd: all gradients in one call; a batch of n images takes n times as much.\n`;
}
