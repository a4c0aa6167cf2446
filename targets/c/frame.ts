// One .c file of an operator's kernel, which needs no other, and its header for C and C++.

import { comment, describeTensors, fileName, preamble } from "../../generators/emit/frame.ts";
import type { Framed, PrintedNest, PrintedUnit } from "../../generators/emit/target.ts";
import { gapAt, wrap } from "../../generators/emit/wrap.ts";
import type { BufferDecl } from "../../generators/ir/nest.ts";
import { writeEntry } from "./entry.ts";
import { createErrors } from "./errors.ts";
import { writeExample } from "./example.ts";
import { callText, describeEntry, describeKeeping, pointee, signaturesOf } from "./heads.ts";
import { loopOf, namedIn } from "./print.ts";
import { safe } from "./reserved.ts";
import { defineVectors } from "./vectors.ts";

const pointer = ({ name, dtype, access }: BufferDecl): string =>
  `${access === "read" ? "const " : ""}${pointee[dtype]} *restrict ${safe(name)}`;

/** The functions of a launch: its body, and where CPU threads share its loop, that loop around it. */
function declareKernel({ nest, body }: PrintedNest, name: string): string {
  const names = namedIn(nest);
  const isNamed = ({ name }: { readonly name: string }): boolean => names.has(name);
  const buffers = nest.buffers.filter((b) => b.place === "global" && isNamed(b));
  const [scalars, constants] = [nest.scalars.filter(isNamed), nest.constants.filter(isNamed)];
  const numbers = [
    ...scalars.map((s) => `${s.type === "i32" ? "int32_t" : "float"} ${safe(s.name)}`),
    ...constants.map((c) => `int32_t ${safe(c.name)}`),
  ];
  const loop = loopOf(nest);
  const params = [...buffers.map(pointer), ...numbers];
  if (!loop) return [...callText(`static void ${name}`, params, " {"), body, "}"].join("\n");
  const own = buffers.filter(({ perWorker }) => perWorker);
  const pass = [
    ...buffers.map((b) =>
      b.perWorker ? `${safe(b.name)} + each_${safe(b.name)} * worker` : safe(b.name),
    ),
    ...scalars.map((s) => safe(s.name)),
    ...constants.map((c) => safe(c.name)),
    "piece",
  ];
  return [
    ...callText(`static void ${name}_piece`, [...params, `int32_t ${loop.variable}`], " {"),
    body,
    "}",
    "",
    ...callText(
      `static void ${name}`,
      [
        ...params,
        ...own.map((b) => `size_t each_${safe(b.name)}`),
        "int32_t pieces",
        "int32_t threads",
      ],
      " {",
    ),
    "  (void)threads;",
    "#ifdef _OPENMP",
    "#pragma omp parallel for num_threads(threads) schedule(dynamic)",
    "#endif",
    "  for (int32_t piece = 0; piece < pieces; ++piece) {",
    ...(own.length > 0 ? ["    const size_t worker = WARPWEAVE_WORKER;"] : []),
    ...callText(`${name}_piece`, pass, ";", 4),
    "  }",
    "}",
  ].join("\n");
}

/** A sentence as a literal of C, in pieces where it is long. */
export const literal = (sentence: string): string => {
  const lines = wrap(sentence.replaceAll(" ", gapAt(0)), 0, 80, 0);
  const pieces = lines.map((line, i) => JSON.stringify(i < lines.length - 1 ? `${line} ` : line));
  return pieces.join("\n          ");
};

/** The text of a unit, and its header. */
export function frame(unit: PrintedUnit): readonly Framed[] {
  const base = fileName(unit);
  const { signature, plans } = unit;
  const errors = createErrors();
  const formulas = new Set<string>();
  const checked = { signature, errors, use: (text: string) => formulas.add(text) };
  const kernels = plans.flatMap(({ nests, entry }) => {
    const launches = entry.steps.filter((step) => step.kind === "launch");
    return nests.map((nest, at) => declareKernel(nest, launches[at]!.function));
  });
  const entries = plans.map((plan) => writeEntry(plan, checked));
  const own = [...unit.helpers, ...kernels].join("\n");
  const vectors = defineVectors(own);
  const heads = plans.map((plan) => {
    const { run, size, keeping } = signaturesOf(plan.entry, ";");
    const kept = keeping === undefined ? [] : [describeKeeping(plan.entry), keeping];
    return [describeEntry(plan), run, size, ...kept].join("\n");
  });
  const tensors = describeTensors(unit);
  return [
    {
      path: `c/${base}.c`,
      template: new URL("./kernels.c.hbs", import.meta.url),
      data: {
        preamble: preamble(unit, "C11 with the vectors of GNU C", "//"),
        tensors,
        base,
        vectors: vectors.types,
        moves: vectors.functions,
        workers: own.includes("WARPWEAVE_WORKER"),
        helpers: unit.helpers,
        formulas: [...formulas],
        kernels,
        entries,
        errors: errors.sentences.map((sentence, i) => ({
          number: i + 1,
          sentence: literal(sentence),
        })),
      },
    },
    {
      path: `c/${base}.h`,
      template: new URL("./header.h.hbs", import.meta.url),
      data: {
        preamble: preamble(unit, "C and C++ (declarations)", "//"),
        tensors,
        base,
        guard: `WARPWEAVE_${base.toUpperCase()}_H`,
        about: comment(
          "Every function gives 0, or the number of an error. Arrays are row-major. `workspace` is memory of " +
            "as many bytes as the function beside it says, at any address, or NULL: then it is allocated " +
            "for the time of the call. `threads` share the loops where the file is compiled with OpenMP.",
          "//",
        ),
        example: plans[0] ? writeExample(plans[0].entry, base) : [],
        heads,
      },
    },
  ];
}
