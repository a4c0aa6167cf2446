// The files of one operator: its kernels as they are, and a module that registers them.

import { readFileSync } from "node:fs";
import Handlebars from "handlebars";
import type { Entry } from "../../../targets/contract/program.ts";
import { declareTypes } from "../../../targets/js/declarations.ts";
import { helpers } from "../../../targets/js/helpers.ts";
import { printSignature } from "../../../targets/js/signature.ts";
import { comment } from "../../emit/frame.ts";
import { closeHelpers } from "../../emit/helpers.ts";
import type { EmittedUnit } from "../../manifest/manifest.ts";
import { describePlan } from "./plan.ts";
import { type Code, type Printable, printValue } from "./print.ts";

/** The folder of the package below that of everything generated. */
export const folder = "tfjs";

/** The module of an operator. */
export const operatorPath = (operator: string): string => `${folder}/operators/${operator}.js`;

/** What every file of the package begins with. */
export const licence = "// SPDX-License-Identifier: MIT-0\n";

/** The target whose kernels a backend of TensorFlow.js runs, and how a file of it becomes a module. */
const backends = {
  cpu: { target: "js", extension: "js", toModule: (text: string) => text },
  webgpu: { target: "wgsl", extension: "wgsl.js", toModule: wrapText },
} as const;

type Backend = keyof typeof backends;

const roles = ["forward", "backward"] as const;
type Role = (typeof roles)[number];

/** `deform_conv2d` as functions are named in JavaScript: `deformConv2d`. */
export const camel = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const pascal = (name: string): string => camel(`_${name}`);

/** A text as a module whose default export it is. */
function wrapText(text: string): string {
  const escaped = text.replace(/[\\`]|\$\{/g, (c) => `\\${c}`);
  return `${licence}export default \`${escaped}\`;\n`;
}

/** A template of this folder, as what fills it in. */
export function loadTemplate(name: string): (data: object) => string {
  const text = readFileSync(new URL(`./${name}.hbs`, import.meta.url), "utf8");
  return Handlebars.compile(text, { noEscape: true, strict: true });
}

interface Part {
  readonly backend: Backend;
  readonly role: Role;
  readonly unit: EmittedUnit;
}

/** The units that backends run; none where a backend's target was not generated. */
function findParts(units: readonly EmittedUnit[]): readonly Part[] {
  const all = Object.keys(backends) as Backend[];
  const parts = all.flatMap((backend) =>
    roles.flatMap((role): readonly Part[] => {
      const unit = units.find(
        ({ target, printed }) => target.name === backends[backend].target && printed.role === role,
      );
      return unit === undefined ? [] : [{ backend, role, unit }];
    }),
  );
  const isWhole = all.every((backend) =>
    parts.some((part) => part.backend === backend && part.role === "forward"),
  );
  return isWhole ? parts : [];
}

const kernelPath = (operator: string, { backend, role }: Omit<Part, "unit">): string =>
  `kernels/${operator}${role === "forward" ? "" : `_${role}`}.${backends[backend].extension}`;

const importName = ({ backend, role }: Part): string => camel(`${backend}_${role}`);

/** Where the files of an operator are, those that it may not have included. */
export function adaptedPaths(operator: string): readonly string[] {
  const kernels = (Object.keys(backends) as Backend[]).flatMap((backend) =>
    roles.map((role) => `${folder}/${kernelPath(operator, { backend, role })}`),
  );
  const module = operatorPath(operator);
  return [...kernels, module, module.replace(/\.js$/, ".d.ts")];
}

/** The files of an operator below the output folder, from its units on all targets. */
export function adaptOperator(units: readonly EmittedUnit[]): ReadonlyMap<string, string> {
  const parts = findParts(units);
  const forward = parts.find(({ role }) => role === "forward")?.unit.printed;
  if (!forward) return new Map();
  const { operator, signature, kernels, source } = forward;
  const files = new Map<string, string>();
  for (const part of parts) {
    const text = [...part.unit.files.values()][0]!;
    const made = backends[part.backend].toModule(text);
    files.set(`${folder}/${kernelPath(operator, part)}`, made);
  }
  const printed = printSignature(signature, kernels);
  const called = new Set<string>();
  const shared = createShared();
  const context = { operator, share: shared.share, use: (text: string) => called.add(text) };
  const variants = kernels.map(({ present }) => {
    const entryOf = (part: Part): Entry => {
      const found = part.unit.printed.plans
        .map(({ entry }) => entry)
        .find((entry) => entry.present.join(" ") === present.join(" "));
      if (!found)
        throw new Error(
          `${operator} has no ${part.role} kernel for ${present.join(" ") || "none"}.`,
        );
      return found;
    };
    return describeVariant(operator, present, parts, entryOf, (entry) =>
      describePlan(entry, context),
    );
  });
  const preamble = (what: string): string =>
    licence +
    comment(`${operator} in TensorFlow.js${what}. ${signature.doc}`, "//") +
    `\n${comment(`Generated by warpweave from ${source}; do not edit.`, "//")}`;
  const data = {
    preamble: preamble(""),
    imports: parts.map((part) => ({
      what: part.backend === "cpu" ? `* as ${importName(part)}` : importName(part),
      path: `../${kernelPath(operator, part)}`,
    })),
    signature: printed.text,
    helpers: [...new Set([...closeHelpers(printed.helpers, helpers), ...called])],
    name: camel(operator),
    operator,
    doc: comment(signature.doc, " *"),
    variants: `const variants = ${printValue(variants, 0, 17)};`,
    shared: shared.text(),
  };
  files.set(operatorPath(operator), loadTemplate("operator.js")(data));
  const types = declareTypes(forward);
  files.set(
    `${folder}/operators/${operator}.d.ts`,
    loadTemplate("operator.d.ts")({
      ...types,
      preamble: preamble(" (types)"),
      function: camel(operator),
      given: types.tensors.filter(({ optional }) => !optional),
      rest: types.tensors.filter(({ optional }) => optional),
    }),
  );
  return files;
}

function describeVariant(
  operator: string,
  present: readonly string[],
  parts: readonly Part[],
  entryOf: (part: Part) => Entry,
  plan: (entry: Entry) => Printable,
): Printable {
  const backward = parts.filter(({ role }) => role === "backward").map(entryOf);
  const gradients = new Set(
    backward.flatMap(({ tensors }) =>
      tensors.filter(({ role }) => role === "output").map(({ name }) => name),
    ),
  );
  const read = new Set(
    backward.flatMap(({ steps }) =>
      steps.flatMap((step) => (step.kind === "launch" ? step.buffers.map(({ name }) => name) : [])),
    ),
  );
  const inputs = parts
    .slice(0, 1)
    .flatMap((part) => entryOf(part).tensors.filter(({ role }) => role === "input"));
  const backends = Object.fromEntries(
    [...new Set(parts.map(({ backend }) => backend))].map((backend): [string, Printable] => [
      backend,
      Object.fromEntries(
        parts
          .filter((part) => part.backend === backend)
          .map((part): [string, Printable] => {
            const text: Printable = { code: importName(part) };
            const field = backend === "cpu" ? { module: text } : { source: text };
            return [part.role, { ...field, plan: plan(entryOf(part)) }];
          }),
      ),
    ]),
  );
  return {
    kernelName: `Warpweave${pascal([operator, ...present].join("_"))}`,
    present: [...present],
    saved: inputs.filter(({ name }) => read.has(name)).map(({ name }) => name),
    gradients: [...gradients],
    order: orderGradients(
      backward,
      inputs.map(({ name }) => name),
    ),
    backends,
  };
}

/** Tensors in the order in which plans compute their gradients, in which workspaces share memory. */
function orderGradients(plans: readonly Entry[], tensors: readonly string[]): readonly string[] {
  const steps = plans.at(-1)?.steps ?? [];
  const lastOf = (tensor: string): number =>
    steps.findLastIndex(
      (step) =>
        step.kind === "launch" && step.buffers.some(({ name }) => name === `grad_${tensor}`),
    );
  return tensors.toSorted((a, b) => lastOf(a) - lastOf(b));
}

/** Values of plans by name: equal ones have the same. */
function createShared() {
  const names = new Map<string, string>();
  return {
    share(kind: string, value: Printable): Code {
      const text = printValue(value, 0, 20);
      // A short list reads better where it is.
      if (text.length < 24) return { code: text };
      const alike = [...names.values()].filter((name) => name.replace(/\d+$/, "") === kind);
      const name = names.get(text) ?? `${kind}${alike.length + 1}`;
      names.set(text, name);
      return { code: name };
    },
    text: (): string => [...names].map(([text, name]) => `const ${name} = ${text};`).join("\n"),
  };
}
