import { formulaNames } from "./formula.ts";
import { helpers } from "./helpers.ts";

const words = `
  arguments await break case catch class const continue debugger default delete do else enum eval export
  extends false finally for function if implements import in instanceof interface let new null package
  private protected public return static super switch this throw true try typeof undefined var void while
  with yield NaN Infinity Math Number Object Array String Error Map Set
  Float32Array Float64Array Int32Array Uint32Array`;

/** Words that are no names in a generated module: the language's, its globals' and its own functions'. */
export const reserved: ReadonlySet<string> = new Set([
  ...words.trim().split(/\s+/),
  ...Object.keys(helpers),
  ...formulaNames,
]);
