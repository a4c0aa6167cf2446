// How compiled kernels add to elements that several contributions reach.

import type { Compiled } from "../compile.ts";
import type { AddMode, Block } from "../ir/nest.ts";

/** What each mode is called where people choose among lowerings; `measure` and `fixed` are two passes of one. */
const names: Readonly<Record<AddMode, string>> = {
  plain: "plain",
  atomic: "atomic",
  measure: "deterministic",
  fixed: "deterministic",
};

function modesIn(block: Block): readonly AddMode[] {
  return block.flatMap((s): readonly AddMode[] => {
    switch (s.kind) {
      case "accumulate":
        return [s.mode];
      case "for":
        return modesIn(s.body);
      case "if":
        return [...modesIn(s.then), ...modesIn(s.else)];
      case "let":
      case "local":
      case "set":
      case "store":
      case "barrier":
        return [];
      default:
        return s satisfies never;
    }
  });
}

/** The ways of adding that kernels use, such as `atomic`; empty where each element is computed at once. */
export function additionsOf({ printed }: Compiled): string {
  const nests = printed.plans.flatMap(({ nests }) => nests);
  const found = nests.flatMap(({ nest }) => modesIn(nest.body)).map((mode) => names[mode]);
  return [...new Set(found)].join(" and ");
}
