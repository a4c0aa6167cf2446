// The ABI is what a backend written against the generated files relies on: names, order, bindings, layout.

import { createHash } from "node:crypto";
import type { Entry } from "../../targets/contract/program.ts";
import type { Manifest } from "./manifest.ts";

/** Raised whenever something that a backend relies on changes: by semver, with the 0.x rule before 1.0. */
export const abiVersion = "0.4.0";

/** What abi.json holds. */
export interface Abi {
  readonly abi: string;
  /** By entry (`operator/kernel/target/name`): a hash of all that its callers rely on. */
  readonly fingerprint: Readonly<Record<string, string>>;
}

/** The parts of an entry that callers are compiled against; sizes and schedules may change freely. */
function relied(entry: Entry) {
  return {
    name: entry.name,
    present: entry.present,
    tensors: entry.tensors.map(({ name, role, dtype, axes }) => [name, role, dtype, axes]),
    scalars: entry.scalars.map(({ name, type }) => [name, type]),
    constants: entry.constants.map(({ name, values }) => [name, values]),
    accumulate: entry.accumulate ?? null,
    workspaces: entry.workspaces.map(({ name, dtype }) => [name, dtype]),
    bounds: entry.bounds ?? [],
    steps: entry.steps.map((step) =>
      step.kind === "fill"
        ? [step.kind, step.buffer, step.value, step.unless ?? null]
        : [
            step.kind,
            step.function,
            step.buffers.map(({ name, access, binding }) => [name, access, binding]),
            step.scalars,
            step.scalarsBinding,
            step.uniform ?? null,
            ...(step.repeat === undefined ? [] : [step.repeat]),
          ],
    ),
    ...(entry.repeats && {
      repeats: entry.repeats.map(({ numbers }) => numbers.map((n) => n.name)),
    }),
  };
}

/** For each entry a hash of all that the version number stands for. */
export function fingerprint(manifest: Manifest): Abi["fingerprint"] {
  const hashes: Record<string, string> = {};
  for (const [name, { attributes, variants, kernels }] of Object.entries(manifest.operators))
    for (const [role, { targets }] of Object.entries(kernels))
      for (const [target, { files, entries }] of Object.entries(targets))
        for (const entry of entries) {
          const attrs = attributes.map((attr) => [attr.name, attr.type, attr.values ?? null]);
          const given = entry.present.join(" ");
          const demands = variants
            .find(({ present }) => present.join(" ") === given)
            ?.demands.map(({ holds }) => holds);
          // The first file holds the text; those beside it may become more.
          const text = JSON.stringify([attrs, demands, files[0], relied(entry)]);
          const hash = createHash("sha256").update(text).digest("hex");
          hashes[`${name}/${role}/${target}/${entry.name}`] = hash.slice(0, 16);
        }
  return hashes;
}

/**
 * Why `after` may not replace `before`: what callers of an entry rely on changed and the number did not.
 * Undefined where it may; new entries, kernels, targets and operators are always allowed.
 */
export function compareAbi(before: Abi, after: Abi): string | undefined {
  if (before.abi !== after.abi) return undefined;
  const names = Object.keys(before.fingerprint);
  const broken = names.filter((name) => before.fingerprint[name] !== after.fingerprint[name]);
  if (broken.length === 0) return undefined;
  const shown = broken.slice(0, 3).join(", ");
  const all = broken.length > 3 ? `${shown} and ${broken.length - 3} more` : shown;
  return (
    `The ABI of generated kernels changed (${all}), but its version is still ${after.abi}; ` +
    "raise abiVersion in generators/manifest/abi.ts."
  );
}
