// The locals of a function: names stay the author's.

import { gapAt } from "../../generators/emit/wrap.ts";
import type { Nest } from "../../generators/ir/nest.ts";
import { visitBlock } from "../../generators/ir/nestWalk.ts";
import { typeName } from "./code.ts";

/** The type of the first definition of each name; sibling scopes may use one for values of several types. */
function firstTypes(nest: Nest): Map<string, string> {
  const types = new Map<string, string>();
  const note = (name: string, type: string) => types.has(name) || types.set(name, type);
  for (const { name } of nest.buffers) note(name, "i32");
  for (const { name, type } of nest.scalars) note(name, type);
  for (const { name } of nest.constants) note(name, "i32");
  visitBlock(nest.body, (s) => {
    if (s.kind === "for") note(s.variable, "i32");
    if (s.kind === "let" || s.kind === "local") note(s.name, typeName(s.type, s.lanes ?? 1));
  });
  return types;
}

/** The locals of a function. */
export function createLocals(nest: Nest) {
  const first = firstTypes(nest);
  const used = new Map<string, string>();
  const given = new Set([...nest.buffers, ...nest.scalars, ...nest.constants].map((p) => p.name));
  return {
    /** The local of a name for values of a type. */
    of(name: string, type: string): string {
      if (given.has(name)) return name;
      const local = (first.get(name) ?? type) === type ? name : `${name}.${type}`;
      used.set(local, type);
      return local;
    },
    /** Declarations of all but the parameters, by type. */
    lines(): readonly string[] {
      return ["i32", "f32", "f64", "v128"].flatMap((type) => {
        const names = [...used].filter((local) => local[1] === type);
        const text = names.map(([name]) => `(local $${name} ${type})`).join(gapAt(0));
        return names.length > 0 ? [text] : [];
      });
    },
  };
}
