// The lines and the table about what computed the pictures.

import { boundOf, largestDifference } from "./bound.ts";
import type { Device } from "./device.ts";
import { byId } from "./dom.ts";
import type { Call, Timed } from "./engine.ts";
import { type FilterName, filters } from "./filters.ts";
import type { Extent, Point } from "./geometry.ts";
import type { Lesson } from "./learning.ts";
import { type Agreement, type Run, showAgreement, showRuns, showStatus } from "./report.ts";

/** What the JavaScript kernel gave for the same call. */
export interface Compared extends Agreement {
  readonly milliseconds: number;
}

/** How far the results of a call by two kernels are apart; `other` is JavaScript's. */
export function compareResults(call: Call, result: Timed, other: Timed): Compared {
  const difference = largestDifference(result.data, other.data);
  const bound = boundOf(call.photo, call.shape, call.weight);
  return { difference, bound, milliseconds: other.milliseconds };
}

/** Says what the kernel's picture and the result show. */
export function showCaptions(
  { height, width }: Extent,
  filter: FilterName,
  pixel: Point,
  span: number,
): void {
  byId("loupe-caption").textContent =
    `at row ${pixel.y}, column ${pixel.x} of the result; ${Math.round(span)} pixels across`;
  const { title, signed } = filters[filter];
  byId("result-caption").textContent =
    `${title.toLowerCase()}, ${width} × ${height} pixels${signed ? "; grey is 0" : ""}`;
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
