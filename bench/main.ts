// `npm run bench [-- suite…]`: what is measured of the compiler itself; kernels are timed by
// `warpweave bench`.

import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { main, UserError } from "../generators/cli/errors.ts";
import { writeBytes } from "../generators/cli/io/files.ts";
import { packageRoot } from "../generators/frontend/paths.ts";
import { suggestName } from "../generators/messages/nearest.ts";
import { describeEnvironment } from "./environment.ts";
import type { Suite } from "./suite.ts";
import { generate } from "./suites/generate.ts";
import { memory } from "./suites/memory.ts";

/** All suites, in the order in which they run. */
const suites: readonly Suite[] = [generate, memory];

const folder = resolve(packageRoot, "bench/results");

/** The suites of these names, or all. */
function chooseSuites(names: readonly string[]): readonly Suite[] {
  const known = suites.map(({ name }) => name);
  for (const name of names)
    if (!known.includes(name))
      throw new UserError(`there is no suite "${name}"; ${suggestName(name, known)}`);
  return suites.filter(({ name }) => names.length === 0 || names.includes(name));
}

await main(async () => {
  const chosen = chooseSuites(process.argv.slice(2));
  await mkdir(folder, { recursive: true });
  const environment = describeEnvironment();
  const { processor, cores, system, load, versions } = environment;
  process.stdout.write(
    `${processor}, ${cores} cores (load ${load.toFixed(1)}), ${system}, Node ${versions.node}\n`,
  );
  for (const { name, doc, run } of chosen) {
    process.stdout.write(`\n${name}: ${doc}\n\n`);
    const { text, data } = await run((line) => process.stderr.write(`${line}\n`));
    const result = { suite: name, environment, ...(data as object) };
    const path = resolve(folder, `${name}.json`);
    await writeBytes(path, new TextEncoder().encode(`${JSON.stringify(result, null, 2)}\n`));
    process.stdout.write(`${text}\n`);
  }
});
