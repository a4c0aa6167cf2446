// Writes docs/operators; with --check it only says what is not current there, and ends with 1.

import { join } from "node:path";
import { openOperators, operatorNames } from "../cli/operators.ts";
import { compareFiles, writeFiles } from "../emit/write.ts";
import { packageRoot } from "../frontend/paths.ts";
import { writePages } from "./pages.ts";

const folder = join(packageRoot, "docs/operators");
const pages = writePages(openOperators(operatorNames()));
if (process.argv.includes("--check")) {
  const { missing, changed, extra } = await compareFiles(folder, pages);
  const stale = [...missing, ...changed, ...extra];
  if (stale.length > 0) {
    console.error(
      `docs/operators is not current: ${stale.join(", ")}; run npx tsx generators/docs/main.ts`,
    );
    process.exitCode = 1;
  } else console.log(`${pages.size} pages in docs/operators are current`);
} else {
  const written = await writeFiles(folder, pages);
  console.log(`${pages.size} pages in docs/operators, ${written.length} written`);
}
