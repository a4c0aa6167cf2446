// A case of `check` in the hands of a user: what it is called with, and its tensors as files that `run` takes.

import { extname } from "node:path";
import { type Case, drawCase } from "../check/cases.ts";
import type { Request } from "../check/crosscheck.ts";
import type { Failure } from "../check/ledger.ts";
import { allVariants } from "../check/variants.ts";
import { formatAttribute } from "./attributes.ts";
import { UserError } from "./errors.ts";
import { writeNpz } from "./io/arrays.ts";
import { checkWritable } from "./io/files.ts";

/** Sizes and attributes of a case on one line. */
export function formatGiven({ sizes, attrs }: NonNullable<Failure["given"]>): string {
  const parts = [
    Object.entries(sizes).map(([axis, size]) => `${axis} = ${size}`),
    Object.entries(attrs).map(([name, value]) => `${name} = ${formatAttribute(value)}`),
  ];
  return parts
    .filter((list) => list.length > 0)
    .map((list) => list.join(", "))
    .join("; ");
}

/** Where the tensors of a case go; refused at once where they could not be written. */
export async function checkSave(path: string): Promise<void> {
  if (extname(path) !== ".npz")
    throw new UserError(`cannot write ${path}: the tensors of a case are written to a .npz file`);
  await checkWritable(path);
}

/**
 * Writes the tensors of a case, gradients of results into a file of their own, and gives the lines that say what they
 * are and which command runs the operator on them.
 */
export async function saveCase(request: Request, id: string, path: string): Promise<string> {
  const { subject, command } = request;
  const of = drawCase(subject, id, allVariants(subject));
  if ("undrawn" in of) throw new UserError(`there is no case ${id} to write: ${of.undrawn}`);
  const own = new Set((subject.forward ?? subject).tensors.map(({ name }) => name));
  const arraysOf = (isOwn: boolean) =>
    Object.fromEntries(
      Object.entries(of.inputs)
        .filter(([name]) => own.has(name) === isOwn)
        .map(([name, { shape, data }]) => [name, { shape, dtype: "f4" as const, data }]),
    );
  await writeNpz(path, arraysOf(true));
  const upstream = path.replace(/\.npz$/, ".grad.npz");
  if (subject.forward) await writeNpz(upstream, arraysOf(false));
  const flags = [
    `--inputs ${path}`,
    ...Object.entries(of.attrs).map(([name, value]) => `--attr ${name}=${formatAttribute(value)}`),
    ...(subject.forward ? [`--grad ${upstream}`] : []),
    "--out out.npz",
  ];
  return (
    `${of.id}: ${describe(of)}; its tensors are in ${path}` +
    `${subject.forward ? ` and ${upstream}` : ""}\n` +
    `npx warpweave run ${command} ${flags.join(" ")}\n`
  );
}

const describe = ({ numbers: { sizes }, attrs }: Case): string => formatGiven({ sizes, attrs });
