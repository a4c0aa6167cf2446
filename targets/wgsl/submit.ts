// Records dispatches: uniform blocks in one buffer, one slot each, bound by a dynamic offset.

import type { LaunchStep, UniformBlock } from "../contract/program.ts";
import type { GuardedDevice } from "./device.ts";
import type { Dispatch } from "./dispatch.ts";
import type { CompiledLaunch } from "./pipelines.ts";
import { packUniform } from "./uniform.ts";

/** A launch that is compiled, whose buffers are found and whose groups are counted. */
export interface ReadyLaunch {
  readonly launch: LaunchStep;
  readonly uniform: UniformBlock;
  readonly compiled: CompiledLaunch;
  readonly resources: readonly {
    readonly binding: number;
    readonly resource: GPUBufferBinding;
  }[];
  readonly scalars: Readonly<Record<string, number>>;
  readonly groups: number;
}

/** A part of a launch. */
export interface PlannedDispatch {
  readonly ready: ReadyLaunch;
  readonly dispatch: Dispatch;
}

/** The written uniform blocks of some dispatches: slot k begins at k * stride. */
export interface WrittenBlocks {
  readonly buffer: GPUBuffer;
  readonly stride: number;
}

/** Where uniform blocks are written before they are used. */
export interface Uniforms {
  /** A block that is valid until the next `take`; submit first. */
  take(dispatches: readonly PlannedDispatch[]): Promise<WrittenBlocks>;
  /** A block in a buffer of its own, for a command buffer that is submitted at an unknown time. */
  lend(dispatches: readonly PlannedDispatch[]): Promise<WrittenBlocks>;
  destroy(): void;
}

/** Uniform blocks on one device. */
export function createUniforms({ gpu, checked }: GuardedDevice): Uniforms {
  let kept: GPUBuffer | undefined;

  function strideOf(dispatches: readonly PlannedDispatch[]): number {
    const align = gpu.limits.minUniformBufferOffsetAlignment;
    const largest = Math.max(...dispatches.map(({ ready }) => ready.uniform.bytes));
    return Math.ceil(largest / align) * align;
  }

  const allocate = (size: number) =>
    checked("The uniform block", () =>
      gpu.createBuffer({ size, usage: 0x40 | 0x08 /* UNIFORM | COPY_DST */ }),
    );

  function write(
    buffer: GPUBuffer,
    stride: number,
    dispatches: readonly PlannedDispatch[],
  ): WrittenBlocks {
    const bytes = new Uint8Array(stride * dispatches.length);
    dispatches.forEach(({ ready: { uniform, scalars }, dispatch }, slot) => {
      bytes.set(new Uint8Array(packUniform(uniform, scalars, dispatch.base)), slot * stride);
    });
    // The queue keeps the order of writes and submits, so an earlier submit reads its own blocks.
    gpu.queue.writeBuffer(buffer, 0, bytes);
    return { buffer, stride };
  }

  return {
    async take(dispatches) {
      const stride = strideOf(dispatches);
      const size = stride * dispatches.length;
      if (!kept || kept.size < size) {
        kept?.destroy();
        kept = await allocate(size);
      }
      return write(kept, stride, dispatches);
    },
    async lend(dispatches) {
      const stride = strideOf(dispatches);
      return write(await allocate(stride * dispatches.length), stride, dispatches);
    },
    destroy() {
      kept?.destroy();
      kept = undefined;
    },
  };
}

/** Records dispatches in order; each launch gets a pass of its own, the first and last of which leave marks. */
export function encodeLaunches(
  gpu: GPUDevice,
  encoder: GPUCommandEncoder,
  dispatches: readonly PlannedDispatch[],
  { buffer, stride }: WrittenBlocks,
  marks?: GPUQuerySet,
): void {
  dispatches.forEach(
    ({ ready: { launch, uniform: block, compiled, resources }, dispatch }, slot) => {
      const uniform = {
        binding: block.binding,
        resource: { buffer, offset: 0, size: block.bytes },
      };
      const group = gpu.createBindGroup({
        layout: compiled.layout,
        entries: [...resources, uniform],
      });
      const timestampWrites = marks && {
        querySet: marks,
        ...(slot === 0 && { beginningOfPassWriteIndex: 0 }),
        ...(slot === dispatches.length - 1 && { endOfPassWriteIndex: 1 }),
      };
      const isMarked = slot === 0 || slot === dispatches.length - 1;
      const pass = encoder.beginComputePass({
        label: launch.function,
        ...(timestampWrites && isMarked && { timestampWrites }),
      });
      pass.setPipeline(compiled.pipeline);
      pass.setBindGroup(0, group, [slot * stride]);
      pass.dispatchWorkgroups(dispatch.x, dispatch.y);
      pass.end();
    },
  );
}
