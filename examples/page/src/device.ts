// Which engine computes: WebGPU where there is one, again when its device was lost, else JavaScript.

import type { Engine } from "./engine.ts";
import { type Gpu, openGpu } from "./gpu.ts";
import { openJavaScript } from "./javascript.ts";

/** What computes now. */
export type Device =
  | { readonly kind: "webgpu"; readonly engine: Gpu }
  | { readonly kind: "js"; readonly engine: Engine; readonly why: string };

/** The engines of the page. */
export interface Devices {
  /** What computes; waits while a device is opened. */
  current(): Promise<Device>;
  /** The JavaScript kernel, to compare with. */
  readonly javascript: Engine;
  /** Goes on without WebGPU. */
  giveUp(why: string): void;
}

/** How often a lost device is replaced before the page goes on without. */
const attempts = 3;

/** Opens the best engine; `changed` is told what happened to it, in a sentence, whenever it was replaced. */
export function openDevices(changed: (said: string) => void): Devices {
  const javascript = openJavaScript();
  const withoutGpu = (why: string): Device => ({ kind: "js", engine: javascript, why });
  let losses = 0;
  let current = open();

  async function open(): Promise<Device> {
    try {
      const gpu = await openGpu();
      if ("none" in gpu) return withoutGpu(gpu.none);
      void gpu.lost.then((reason) => {
        losses++;
        const again = losses < attempts;
        current = again ? open() : Promise.resolve(withoutGpu(`The GPU was lost ${losses} times.`));
        void current.then((device) => changed(describeLoss(reason, device)));
      });
      return { kind: "webgpu", engine: gpu };
    } catch (error) {
      return withoutGpu(`WebGPU does not start: ${(error as Error).message}`);
    }
  }

  return {
    current: () => current,
    javascript,
    giveUp(why) {
      current = Promise.resolve(withoutGpu(why));
      changed(`${why} JavaScript goes on.`);
    },
  };
}

function describeLoss(reason: string, device: Device): string {
  const lost = `The GPU device was lost (${reason.replace(/\.$/, "")})`;
  if (device.kind === "webgpu") return `${lost}; another was opened and goes on.`;
  return `${lost}; JavaScript goes on.`;
}
