// The host part of an operator's CUDA kernels: a header for C and C++, and the file with its functions, which
// includes the kernels.

import { comment, describeTensors, fileName, preamble } from "../../../generators/emit/frame.ts";
import type { Framed, PrintedPlan, PrintedUnit } from "../../../generators/emit/target.ts";
import { createErrors } from "../../c/errors.ts";
import { literal } from "../../c/frame.ts";
import { results } from "../../c/heads.ts";
import { hostSignatures, writeHostEntry } from "./entry.ts";

/** What the header says of an entry, and its functions. */
function declareEntry({ entry }: PrintedPlan): string {
  const names = results(entry).map(({ name }) => name);
  const chosen = names.length > 1 ? " Those that are NULL are not computed." : "";
  const { run, size } = hostSignatures(entry, ";");
  return [
    comment(`Puts on a stream what computes ${names.join(", ")}.${chosen}`, "//"),
    run,
    size,
  ].join("\n");
}

/** The header, and the file that is compiled. */
export function frameHost(unit: PrintedUnit): readonly Framed[] {
  const base = fileName(unit);
  const errors = createErrors();
  const formulas = new Set<string>();
  const checked = {
    signature: unit.signature,
    errors,
    use: (text: string) => formulas.add(text),
  };
  const entries = unit.plans.map((plan) => writeHostEntry(plan, checked));
  const [first] = unit.plans;
  const options = [
    ...new Set(
      (first?.entry.constants ?? []).map(
        ({ name, values }) => `-D${name}: ${values.map((value, i) => `${i} ${value}`).join(", ")}.`,
      ),
    ),
  ];
  const about = [
    "The functions that compute give 0 when all is on the stream, the number of a sentence of " +
      `warpweave_${base}_error, or less than 0: minus the number of an error of CUDA. Arrays are row-major and ` +
      "in memory of the device, `workspace` too: as many bytes as the function beside it says, NULL where these " +
      "are 0. Nothing is allocated, and nothing is waited for: what is wrong while kernels run is told by whoever " +
      "waits for the stream.",
    [
      `To build: nvcc -std=c++17 -c ${base}.launch.cu`,
      ...(options.length > 0
        ? [`with the options of the operator as macros. ${options.join(" ")}`]
        : []),
    ].join(", "),
  ];
  const tensors = describeTensors(unit);
  return [
    {
      path: `cuda/${base}.h`,
      template: new URL("./header.h.hbs", import.meta.url),
      data: {
        preamble: preamble(unit, "CUDA, called from C and C++ (declarations)", "//"),
        tensors,
        base,
        guard: `WARPWEAVE_CUDA_${base.toUpperCase()}_H`,
        about: about.map((text) => comment(text, "//")),
        heads: unit.plans.map(declareEntry),
      },
    },
    {
      path: `cuda/${base}.launch.cu`,
      template: new URL("./launch.cu.hbs", import.meta.url),
      data: {
        preamble: preamble(unit, "CUDA, called from C and C++", "//"),
        base,
        formulas: [...formulas],
        entries,
        errors: errors.sentences.map((sentence, i) => ({
          number: i + 1,
          sentence: literal(sentence),
        })),
      },
    },
  ];
}
