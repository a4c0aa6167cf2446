// Runs plans in the races build, and says in words what it reports: which element, which threads,
// which lines of the kernel.

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createArray } from "../contract/job.ts";
import { findTool, runTool } from "../native/compilers.ts";
import { followedBytes } from "./build.ts";
import { LaunchError, loadLibrary } from "./library.ts";
import type { KernelRunner, Plan } from "./plan.ts";

const access = String.raw`(read|written|updated atomically) by group (\d+), thread (\d+) at \+(\w+)`;
const finding = new RegExp(
  String.raw`^(\w+): (race|unfollowed access) at (?:argument (\d+)|shared memory), byte (\d+): ` +
    String.raw`${access}(?:, then ${access}|, (\d+) bytes)$`,
);

/** Loads the races build's library at `path`; its plans fail where threads race. */
export async function openRaces(path: string, order?: string): Promise<KernelRunner> {
  const library = await loadLibrary(path, order);
  return {
    describe: () => library.describe(),
    async run(plan) {
      try {
        return await library.run(plan);
      } catch (error) {
        if (!(error instanceof LaunchError)) throw error;
        throw new Error(await explainRace(path, plan, error), { cause: error });
      }
    },
  };
}

/** A report of simulation/races.cpp as a sentence; other messages as they are. */
async function explainRace(path: string, plan: Plan, error: LaunchError): Promise<string> {
  const found = finding.exec(error.message);
  if (!found) return error.message;
  const [, kernel, what, argument, offset, did, group, thread, place] = found;
  const [does, otherGroup, otherThread, otherPlace, bytes] = found.slice(9);
  const source = await readFile(join(dirname(path), "kernel.cu"), "utf8");
  const at =
    argument === undefined
      ? await nameShared(path, source, Number(offset))
      : nameElement(plan, error.step, Number(argument), Number(offset));
  const [first, second] = await findLines(path, source, [place!, otherPlace ?? place!]);
  const begin = `${kernel}: ${at} is ${did} by group ${group}, thread ${thread} (${first})`;
  if (what !== "race")
    return (
      `${begin} with ${bytes} bytes at a time; ` +
      `the races build follows whole words of ${followedBytes(source)} bytes.`
    );
  const reason =
    group === otherGroup
      ? "with no barrier between them"
      : "and the groups of a launch have no order";
  return (
    `Race in ${begin} and ${does} by group ${otherGroup}, thread ${otherThread} (${second}), ` +
    `${reason}.`
  );
}

function nameElement(plan: Plan, at: number, argument: number, offset: number): string {
  const step = plan.steps[at];
  const arg = step?.kind === "launch" ? step.args[argument] : undefined;
  if (arg?.letter !== "p") throw new Error(`${plan.entry} has no buffer as argument ${argument}.`);
  const { name, dtype } = plan.buffers[arg.buffer]!;
  return `${name}[${Math.floor(offset / createArray(dtype, 0).BYTES_PER_ELEMENT)}]`;
}

const sizes: Readonly<Record<string, number>> = {
  short: 2,
  float: 4,
  int: 4,
  unsigned: 4,
  double: 8,
};

/** The array of shared memory that holds a byte of it, by the library's symbols. */
async function nameShared(path: string, source: string, offset: number): Promise<string> {
  const nm = await findTool("nm");
  const { stdout } = nm ? await runTool(nm, ["--defined-only", path]) : { stdout: "" };
  const symbols = [...stdout.matchAll(/^([0-9a-f]+) \w (\S+)$/gm)].map(([, address, name]) => ({
    address: Number.parseInt(address!, 16),
    name: name!,
  }));
  const start = symbols.find(({ name }) => name === "__start_ww_shared");
  // A static variable of a function: _ZZ, the function's length and name, E, its own, and perhaps a number.
  const arrays = symbols.flatMap(({ address, name }) => {
    const own = /^_ZZ.+E(\d+)(\w+)$/.exec(name);
    return own && start ? [{ at: address - start.address, name: own[2]!.slice(0, +own[1]!) }] : [];
  });
  const array = arrays
    .filter(({ at }) => at <= offset && at >= 0)
    .sort((a, b) => b.at - a.at)
    .at(0);
  if (!array) return `byte ${offset} of shared memory`;
  const type = new RegExp(String.raw`__shared__\s.*?(\w+)\s+${array.name}\b`).exec(source)?.[1];
  const size = sizes[type ?? ""];
  const within = offset - array.at;
  return size === undefined
    ? `byte ${within} of the shared ${array.name}`
    : `the shared ${array.name}[${Math.floor(within / size)}]`;
}

/** The kernel's lines that the code at some places of the library stems from. */
async function findLines(
  path: string,
  source: string,
  places: readonly string[],
): Promise<readonly string[]> {
  const tool = await findTool("addr2line");
  if (!tool) return places.map((place) => `code ${place}; its line needs addr2line of binutils`);
  const lines = source.split("\n");
  return Promise.all(
    places.map(async (place) => {
      // Innermost first: a function of the simulation, then the kernel that it is part of.
      const { stdout } = await runTool(tool, ["-i", "-e", path, place]);
      const number = /kernel\.cu:(\d+)/.exec(stdout)?.[1];
      return number === undefined
        ? `code ${place}, of no known line`
        : `line ${number}: \`${lines[Number(number) - 1]?.trim()}\``;
    }),
  );
}
