import { launchedStages, type Transform } from "../draft.ts";

const sizes = [32, 64, 128, 256, 512, 1024];

/** The baseline on devices with threads: always legal. */
export const pointwise: Transform = {
  name: "pointwise",
  doc: "serial loops over the elements of each stored stage → one thread for each element",
  choices: (_, limits) => [
    { name: "group", values: sizes.filter((n) => n <= limits.threads), default: 64 },
  ],
  apply: (draft, { group }, limits) => {
    if (typeof group !== "number" || !Number.isInteger(group) || group < 1)
      return { refused: `group is a positive whole number, not ${group}` };
    if (group > limits.threads)
      return { refused: `a group has at most ${limits.threads} threads here, not ${group}` };
    if (draft.panels.size > 0)
      return { refused: "a panel is made by loops that run one after another" };
    const loops = new Map(draft.loops);
    for (const { name } of launchedStages(draft)) {
      if (loops.has(name)) continue;
      if (draft.walkings.get(name)?.vector !== undefined)
        return { refused: `a thread makes one element, and ${name} several at once (vector)` };
      loops.set(name, { by: "threads", group });
    }
    return { ...draft, loops };
  },
};
