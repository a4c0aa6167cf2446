// The lines and the table about what computed the pictures.

import type { Device } from "./device.ts";
import type { Timed } from "./engine.ts";
import type { Lesson } from "./learning.ts";
import { type Agreement, type Run, showAgreement, showRuns, showStatus } from "./report.ts";

/** What the JavaScript kernel gave for the same call. */
export interface Compared extends Agreement {
  readonly milliseconds: number;
}

/** Everything that ran for the picture that is seen. */
export interface Summary {
  readonly device: Device;
  readonly result: Timed;
  readonly compared: Compared | undefined;
  readonly lesson: Lesson | undefined;
}

/** Says what ran, for how long, and whether it agrees. */
export function summarise({ device, result, compared, lesson }: Summary): void {
  const javascript = "this browser, in a worker";
  const on = device.kind === "webgpu" ? device.engine.name : javascript;
  const language = device.kind === "webgpu" ? "WGSL" : "JavaScript";
  const runs: Run[] = [{ kernel: `${language}, forward`, on, ...result }];
  if (compared) {
    const { milliseconds } = compared;
    runs.push({ kernel: "JavaScript, forward", on: javascript, milliseconds });
  }
  if (lesson) runs.push({ kernel: `${language}, gradient`, on, ...lesson });
  showRuns(runs);
  showAgreement(compared);
  const software = device.kind === "webgpu" && device.engine.software;
  showStatus(
    device.kind === "webgpu"
      ? `Computed by generated WGSL on ${on}${software ? " (a program on the CPU, not a GPU)" : ""}.`
      : `${device.why} Computed by the generated JavaScript kernel instead.`,
  );
}
