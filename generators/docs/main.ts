// Writes docs/operators and docs/language.md; with --check it only says what of them is not current, and ends with 1.

import { join } from "node:path";
import { openOperators, operatorNames } from "../cli/operators.ts";
import { compareFiles, writeFiles } from "../emit/write.ts";
import { packageRoot } from "../frontend/paths.ts";
import { writeLanguage, writePages } from "./pages.ts";

const docs = join(packageRoot, "docs");
const folder = join(docs, "operators");
const pages = writePages(openOperators(operatorNames()));
const language = new Map([["language.md", writeLanguage()]]);
if (process.argv.includes("--check")) {
  const { missing, changed, extra } = await compareFiles(folder, pages);
  // Other files beside language.md are written by hand.
  const beside = await compareFiles(docs, language);
  const inFolder = [...missing, ...changed, ...extra].map((name) => `operators/${name}`);
  const stale = [...inFolder, ...beside.missing, ...beside.changed];
  if (stale.length > 0) {
    console.error(`docs is not current: ${stale.join(", ")}; run npx tsx generators/docs/main.ts`);
    process.exitCode = 1;
  } else console.log(`${pages.size} pages in docs/operators, and docs/language.md, are current`);
} else {
  const written = [...(await writeFiles(folder, pages)), ...(await writeFiles(docs, language))];
  console.log(
    `${pages.size} pages in docs/operators, and docs/language.md: ${written.length} written`,
  );
}
