import type { PrintedUnit } from "../../generators/emit/target.ts";
import { declareTypes } from "../js/declarations.ts";

/** What the template of a module's types says: what those in JavaScript say, in a member's place. */
export function declareModule(unit: PrintedUnit) {
  const types = declareTypes(unit);
  return { ...types, doc: types.doc.replace(/^/gm, "  ") };
}
