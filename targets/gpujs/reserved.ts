import { createNames } from "../../generators/emit/names.ts";
import { formulaNames } from "../js/formula.ts";
import { helpers } from "./helpers.ts";

const words = `
  arguments await break case catch class const continue debugger default delete do else enum eval export
  extends false finally for function if implements import in instanceof interface let new null package
  private protected public return static super switch this throw true try typeof undefined var void while
  with yield NaN Infinity Math Number`;

/** Words that are no names in a kernel: the language's, the globals that gpu.js knows, the helpers'. */
export const reserved: ReadonlySet<string> = new Set([
  ...words.trim().split(/\s+/),
  ...Object.keys(helpers),
]);

/** The function of a launch, in a module that has some functions of its own. */
export const functionName = createNames(
  new Set([...reserved, ...formulaNames, "prepare", "check", "largest", "functions"]),
);
