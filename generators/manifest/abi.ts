// The ABI is what a backend written against the generated files relies on: names, order, bindings, layout.

import { createHash } from "node:crypto";
import type { Entry } from "../../targets/contract/program.ts";
import type { Manifest } from "./manifest.ts";

/** Raised whenever something that a backend relies on changes: by semver, with the 0.x rule before 1.0. */
export const abiVersion = "0.1.0";

/** What abi.json holds. */
export interface Abi {
  readonly abi: string;
  readonly fingerprint: string;
}

/** The parts of an entry that callers are compiled against; sizes and schedules may change freely. */
function relied(entry: Entry) {
  return {
    name: entry.name,
    present: entry.present,
    tensors: entry.tensors.map(({ name, role, dtype, axes }) => [name, role, dtype, axes]),
    scalars: entry.scalars.map(({ name, type }) => [name, type]),
    constants: entry.constants.map(({ name, values }) => [name, values]),
    workspaces: entry.workspaces.map(({ name, dtype }) => [name, dtype]),
    steps: entry.steps.map((step) =>
      step.kind === "fill"
        ? [step.kind, step.buffer, step.value]
        : [
            step.kind,
            step.function,
            step.buffers.map(({ name, access, binding }) => [name, access, binding]),
            step.scalars,
            step.scalarsBinding,
          ],
    ),
  };
}

/** A hash of all that the version number stands for. */
export function fingerprint(manifest: Manifest): string {
  const operators = Object.entries(manifest.operators).map(([name, operator]) => [
    name,
    operator.attributes.map((attr) => [attr.name, attr.type, attr.values ?? null]),
    Object.entries(operator.kernels).map(([role, { targets }]) => [
      role,
      Object.entries(targets).map(([target, { files, entries }]) => [
        target,
        files,
        entries.map(relied),
      ]),
    ]),
  ]);
  return createHash("sha256").update(JSON.stringify(operators)).digest("hex");
}

/** Why `after` may not replace `before`: the ABI differs and the number does not; undefined where it may. */
export function compareAbi(before: Abi, after: Abi): string | undefined {
  if (before.fingerprint === after.fingerprint || before.abi !== after.abi) return undefined;
  return (
    `The ABI of the generated kernels changed, but its version is still ${after.abi}; ` +
    "raise abiVersion in generators/manifest/abi.ts."
  );
}
