// Which of the devices that are open are timed, and why the others are not.

import type { Opened, OpenedAll } from "../generators/cli/executors.ts";
import type { Device } from "../targets/contract/program.ts";

/** A simulation of a GPU says nothing of its speed. */
const isTimed = ({ target, hardware }: Device): boolean => target !== "cuda" || hardware;

/** What a suite runs on, and a note on every target that it leaves out. */
export function chooseTimed(machine: OpenedAll): {
  readonly timed: readonly Opened[];
  /** A list of its own, to which a suite may add. */
  readonly notes: string[];
} {
  const { opened, unavailable } = machine;
  return {
    timed: opened.filter(({ executor }) => isTimed(executor.device)),
    notes: [
      ...opened
        .filter(({ executor }) => !isTimed(executor.device))
        .map(({ executor: { device } }) => `${device.target} is not timed: ${device.device}`),
      ...unavailable.map((u) => `${u.target} does not run here: ${u.unavailable}`),
    ],
  };
}
