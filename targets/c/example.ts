// A call of an entry as C that callers can begin with: the sizes that follow, memory for the results, the call.

import { gapAt, wrap } from "../../generators/emit/wrap.ts";
import type { Entry, Formula } from "../contract/program.ts";
import { callText, parametersOf, pointee, results } from "./heads.ts";
import { formulaAsInts } from "./ints.ts";
import { entryName, safe } from "./reserved.ts";

const namesIn = (formula: Formula): readonly string[] => formula.match(/[A-Za-z_]\w*/g) ?? [];

/** The sizes that those of the results are made of, in order. */
function sizesOf(entry: Entry): Entry["sizes"] {
  const needed = new Set(results(entry).flatMap(({ shape }) => shape.flatMap(namesIn)));
  for (const { name, is } of entry.sizes.toReversed())
    if (needed.has(name)) for (const other of namesIn(is)) needed.add(other);
  return entry.sizes.filter(({ name }) => needed.has(name));
}

/** Of its lines, which stand in a comment. */
const width = 94;

/** Statements of C that call an entry; sizes, attributes and inputs are the caller's. */
export function writeExample(entry: Entry, base: string): readonly string[] {
  const { numbers } = parametersOf(entry);
  const [inputs, outputs] = [entry.tensors.filter(({ role }) => role === "input"), results(entry)];
  const args = [
    ...[...inputs, ...outputs].map(({ name }) => safe(name)),
    ...numbers.map(({ name }) => name),
    "NULL",
    "1",
  ];
  return [
    ...sizesOf(entry).flatMap(({ name, is }) =>
      wrap(`const int32_t ${safe(name)} =${gapAt(1)}${formulaAsInts(is)};`, 0, width),
    ),
    ...entry.constants.map(
      ({ name, default: value, values }) =>
        `const int32_t ${safe(name)} = ${value}; // ${values[value]}`,
    ),
    ...outputs.flatMap(({ name, dtype, shape }) => {
      const sizes = shape.map((size) => {
        const text = formulaAsInts(size);
        // Brackets around anything but products.
        return /[^\w *\uE000-\uE0FF]/.test(text) ? `(${text})` : text;
      });
      const bytes = [`sizeof(${pointee[dtype]})`, ...sizes].join(` *${gapAt(8)}`);
      const head = `${pointee[dtype]} *const ${safe(name)}`;
      return wrap(`${head} =${gapAt(1)}malloc(${bytes});`, 0, width);
    }),
    ...callText(`const int32_t code = ${entryName(entry)}`, args, ";", 0, width),
    `if (code != 0) fprintf(stderr, "%s\\n", ${base}_error(code));`,
  ];
}
