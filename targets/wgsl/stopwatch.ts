// How long the device itself says that passes took: timestamps at the begin of the first and the end of the last.

import type { GuardedDevice } from "./device.ts";

/** Times the passes of one submit after another; the device has the feature `timestamp-query`. */
export interface Stopwatch {
  /** Where passes write when they begin (0) and end (1). */
  readonly marks: GPUQuerySet;
  /** Records that the marks are read, after the passes in the same encoder. */
  finish(encoder: GPUCommandEncoder): void;
  /** Milliseconds between the marks, once they are submitted. */
  read(): Promise<number>;
  destroy(): void;
}

/** A stopwatch on a device; for one submit at a time. */
export async function createStopwatch({
  gpu,
  checked,
  whileAlive,
}: GuardedDevice): Promise<Stopwatch> {
  const bytes = 16;
  const [marks, resolved, mapped] = await checked("The timestamps", () => [
    gpu.createQuerySet({ type: "timestamp", count: 2 }),
    gpu.createBuffer({ size: bytes, usage: 0x200 | 0x04 /* QUERY_RESOLVE | COPY_SRC */ }),
    gpu.createBuffer({ size: bytes, usage: 0x01 | 0x08 /* MAP_READ | COPY_DST */ }),
  ]);
  return {
    marks,
    finish(encoder) {
      encoder.resolveQuerySet(marks, 0, 2, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, mapped, 0, bytes);
    },
    async read() {
      await whileAlive(mapped.mapAsync(0x01 /* READ */));
      const [begin, end] = new BigUint64Array(mapped.getMappedRange().slice(0));
      mapped.unmap();
      // Clocks of devices may begin anew.
      if (end! < begin!) throw new Error("The device's clock went back while it was read.");
      return Number(end! - begin!) / 1e6;
    },
    destroy() {
      marks.destroy();
      resolved.destroy();
      mapped.destroy();
    },
  };
}

/** The least time other than none that the device measures of a pass that does nothing, in milliseconds. */
export async function measureStep(device: GuardedDevice): Promise<number> {
  const { gpu, checked } = device;
  const watch = await createStopwatch(device);
  const steps: number[] = [];
  try {
    for (let i = 0; i < 40; i++) {
      await checked("A pass that does nothing", () => {
        const encoder = gpu.createCommandEncoder();
        const timestampWrites = {
          querySet: watch.marks,
          beginningOfPassWriteIndex: 0,
          endOfPassWriteIndex: 1,
        };
        encoder.beginComputePass({ timestampWrites }).end();
        watch.finish(encoder);
        gpu.queue.submit([encoder.finish()]);
      });
      const step = await watch.read();
      if (step > 0) steps.push(step);
    }
  } finally {
    watch.destroy();
  }
  // A clock that tells nothing apart has steps longer than all of these passes.
  return steps.length === 0 ? 1 : Math.min(...steps);
}
