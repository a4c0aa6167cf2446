// `generate`: kernels of operators as files.

import { existsSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { type Command, Option } from "commander";
import { writeFiles } from "../../emit/write.ts";
import type { Operator } from "../../frontend/operator.ts";
import { packageRoot } from "../../frontend/paths.ts";
import { generateAll, makeBinaries } from "../../generate.ts";
import { bindOperator, parseBindings } from "../bindings.ts";
import { codeOf, isUserFacing, UserError } from "../errors.ts";
import { checkAbi, checkFolder, formatFiles, formatLeft, shown } from "../generated.ts";
import { explainFailure, makeFolders } from "../io/files.ts";
import { addingBy, waysOfAdding } from "../lowerings.ts";
import { findStale, mergeManifest, readManifest } from "../merge.ts";
import { openOperators } from "../operators.ts";
import { parseStorages, storagesOn, targetsThatStore } from "../storage.ts";
import { parseTargets } from "../targets.ts";
import { formatTime, plural, printJson, type Terminal } from "../terminal.ts";
import { readEither } from "../tuning/layers.ts";
import { readShipped, tellStale, tuneBy } from "../tuning/winners.ts";

const examples = `
Examples:
  $ warpweave generate                                 all operators of the package
  $ warpweave generate deform_conv2d --target cuda,wgsl --out kernels
  $ warpweave generate ./my_op.ts --out kernels
  $ warpweave generate deform_conv2d --bind KH=3,KW=3,stride=2,border=dcnv1 --out fixed
  $ warpweave generate deform_conv2d --accumulate deterministic --out stable
  $ warpweave generate deform_conv2d --target cuda --dtype f32,f16 --out kernels
  $ warpweave generate deform_conv2d --target wasm --texts --out kernels
  $ warpweave generate --check                         fails if generated/ is not up to date

Files are written only where their text changes, and only when every operator compiles.`;

interface GenerateOptions {
  readonly target?: string;
  readonly out?: string;
  readonly bind?: string;
  readonly accumulate?: string;
  readonly dtype?: string;
  readonly texts?: boolean;
  readonly tuned?: string;
  readonly check?: boolean;
  readonly json?: boolean;
}

/** Adds the command \`generate\`. */
export function addGenerate(program: Command, terminal: Terminal): void {
  program
    .command("generate")
    .description("writes the kernels of operators")
    .argument(
      "[operators...]",
      "names that `list` shows, or TypeScript files; all if none is given",
    )
    .option("--target <names>", "only these targets, e.g. cuda,wgsl")
    .option("--out <folder>", "where to (default: generated)")
    .option("--bind <name=value,...>", "build for these sizes, attributes and options only")
    .addOption(
      new Option(
        "--accumulate <way>",
        "how threads add to elements that data choose, in gradients (default: atomic)",
      ).choices(waysOfAdding),
    )
    .option(
      "--dtype <types>",
      "what kernels store data as, e.g. f32,f16; computed is f32 (default: f32)",
    )
    .option("--texts", "also the texts that WebAssembly modules are assembled from")
    .option("--tuned <file>", "with the schedules that `tune` found fastest on the whole")
    .option("--check", "write nothing; fail if a file of the folder differs")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((names: readonly string[], options: GenerateOptions) =>
      generate(names, options, terminal),
    );
}

async function generate(
  names: readonly string[],
  options: GenerateOptions,
  terminal: Terminal,
): Promise<void> {
  const start = performance.now();
  const storages = parseStorages(options.dtype);
  const targets = targetsThatStore(parseTargets(options.target), storages, options);
  const operators = openBound(names, options);
  const folder = resolve(options.out ?? defaultFolder(operators));
  const old = await explained(folder, () => readManifest(folder));
  const isWhole = names.length === 0 && options.target === undefined;
  const tuner = tuneBy(await winnersFor(operators, options));
  const made = generateAll(operators, targets, (_, target) =>
    storagesOn(target, storages).map((storage) =>
      options.accumulate === undefined
        ? tuner.on(target, storage)
        : addingBy(target, options.accumulate, storage),
    ),
  );
  tellStale(tuner.stale(), terminal);
  const { left } = made;
  const merged = isWhole || old === undefined ? made : mergeManifest(folder, old, made);
  const { manifest } = merged;
  const files = await makeBinaries(merged, options.texts);
  if (options.check === true) {
    const isShipped = isWhole && folder === join(packageRoot, "generated");
    await checkFolder(folder, files, isWhole, options, terminal);
    if (isShipped) await checkAbi(manifest, options, terminal);
    return;
  }
  const stale = old === undefined ? [] : findStale(old, manifest);
  const written = await explained(folder, async () => {
    const folders = new Set([...files.keys()].map((path) => dirname(join(folder, path))));
    for (const each of folders) await makeFolders(each);
    for (const path of stale) await rm(join(folder, path), { force: true });
    return writeFiles(folder, files);
  });
  const milliseconds = performance.now() - start;
  if (options.json === true) {
    const list = [...files].map(([path, content]) => ({
      path,
      bytes: Buffer.byteLength(content),
      written: written.includes(path),
    }));
    printJson(terminal, { folder, milliseconds, files: list, removed: stale, left });
    return;
  }
  terminal.out(formatFiles(operators, targets, files));
  if (left.length > 0) terminal.out(`\n${formatLeft(left)}`);
  const changed = written.length === 0 ? "none changed" : `${written.length} written`;
  const gone = stale.length === 0 ? "" : `, ${plural(stale.length, "stale one")} removed`;
  const total = `${plural(files.size, "file")} in ${shown(folder)}, ${changed}${gone}`;
  terminal.out(`\n${total}; ${formatTime(milliseconds)}\n`);
}

/** The operators, with what --bind gives fixed; their kernels are named like those that ship, so not beside them. */
function openBound(names: readonly string[], options: GenerateOptions): readonly Operator[] {
  const operators = openOperators(names);
  const { bind, out } = options;
  const other = (["bind", "accumulate", "dtype", "tuned"] as const).find(
    (name) => options[name] !== undefined,
  );
  const isShipped = out === undefined || resolve(out) === join(packageRoot, "generated");
  if (other !== undefined && isShipped)
    throw new UserError(
      other === "dtype"
        ? "--dtype makes other kernels than those that ship: choose a folder with --out"
        : `--${other} makes other kernels of the same names: choose a folder with --out`,
    );
  if (bind === undefined) return operators;
  return operators.map((operator) => bindOperator(operator, parseBindings(bind, operator)));
}

/** The winners that ship, or those of a database or of a file with winners; kernels that are bound are others. */
function winnersFor(operators: readonly Operator[], { bind, tuned }: GenerateOptions) {
  if (bind !== undefined && tuned !== undefined)
    throw new UserError("--tuned has schedules of kernels for all sizes; leave out --bind");
  if (bind !== undefined) return [];
  return tuned === undefined ? readShipped() : readEither(tuned, operators);
}

/** What the file system refuses becomes a sentence that names the folder. */
async function explained<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) === undefined && !isUserFacing(error)) throw error;
    const there = await stat(folder).catch(() => undefined);
    const why = there?.isDirectory() === false ? "it is not a folder" : explainFailure(error);
    throw new UserError(`cannot write to ${shown(folder)}: ${why}`);
  }
}

/** Where a checkout keeps its generated files; below the current folder for everyone else. */
function defaultFolder(operators: readonly Operator[]): string {
  const isCheckout = existsSync(join(packageRoot, "generators"));
  const isInside = `${process.cwd()}${sep}`.startsWith(packageRoot + sep);
  if (!isCheckout || !isInside) return "generated";
  const own = join(packageRoot, "dsl") + sep;
  const other = operators.find(({ path }) => !resolve(path).startsWith(own));
  if (other === undefined) return join(packageRoot, "generated");
  throw new UserError(
    `choose a folder for ${other.name} with --out; generated/ is for the package's own operators`,
  );
}
