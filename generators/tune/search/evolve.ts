// Searches that know neighbours and parents from nature: a genetic algorithm, simulated annealing.

import type { Value } from "../space/expr.ts";
import type { Configuration, Points } from "../space/space.ts";
import { pick } from "./random.ts";
import type { Random } from "./strategy.ts";
import { createWalk, drawUntried } from "./walk.ts";

const population = 20;

interface Individual {
  readonly index: number;
  readonly cost: number;
}

/** Each value from one of two parents; children that are not valid are tried again. */
function cross(points: Points, a: number, b: number, random: Random): number | undefined {
  const [left, right] = [points.at(a), points.at(b)];
  for (let attempt = 0; attempt < 10; attempt++) {
    const child: Record<string, Value> = {};
    for (const { name } of points.space.parameters)
      child[name] = (random() < 0.5 ? left : right)[name]!;
    const index = points.find(child satisfies Configuration);
    if (index !== undefined) return index;
  }
  return undefined;
}

/** A generation after another: children of parents that won a comparison with another. */
export const genetic = createWalk(
  "genetic",
  `a genetic algorithm of ${population} individuals`,
  function* (ground) {
    const { points, random, evaluate, untried, seeds } = ground;
    let people: Individual[] = [];
    const first = [...seeds, ...drawUntried(ground, population - seeds.length)];
    for (const index of first) people.push({ index, cost: yield* evaluate(index) });
    const parent = (): Individual => {
      const [a, b] = [people[pick(random, people.length)]!, people[pick(random, people.length)]!];
      return a.cost <= b.cost ? a : b;
    };
    while (untried.left > 0) {
      people.sort((a, b) => a.cost - b.cost);
      // The best two stay.
      const next = people.slice(0, 2);
      const known = new Set(next.map(({ index }) => index));
      while (next.length < population && untried.left > 0) {
        let index = cross(points, parent().index, parent().index, random);
        if (index !== undefined && random() < 0.3) {
          const others = points.neighbours(index, "hamming");
          index = others[pick(random, others.length)] ?? index;
        }
        if (index === undefined || known.has(index)) index = untried.any(random);
        known.add(index);
        next.push({ index, cost: yield* evaluate(index) });
      }
      people = next;
    }
  },
);

/** Steps to a neighbour by chance, which may be worse as long as it is warm. */
export const annealing = createWalk(
  "annealing",
  "simulated annealing, colder with each evaluation",
  function* (ground) {
    const { points, random, evaluate, untried, seeds, budget = 200 } = ground;
    const [hot, cold] = [0.5, 0.01];
    const before = untried.left;
    const from = seeds.length > 0 ? seeds : drawUntried(ground, 5);
    let at: Individual = { index: from[0]!, cost: Number.POSITIVE_INFINITY };
    for (const index of from) {
      const cost = yield* evaluate(index);
      if (cost < at.cost) at = { index, cost };
    }
    let stuck = 0;
    while (untried.left > 0) {
      const left = untried.left;
      const spent = Math.min(1, (before - left) / budget);
      const warmth = hot * (cold / hot) ** spent;
      const others = points.neighbours(at.index, "hamming");
      const index =
        stuck > 100 || others.length === 0
          ? untried.any(random)
          : others[pick(random, others.length)]!;
      const cost = yield* evaluate(index);
      // Costs are compared by their ratio, so that their unit does not matter.
      const worse = Math.log(cost / at.cost);
      if (stuck > 100 || !(worse > 0) || random() < Math.exp(-worse / warmth)) at = { index, cost };
      stuck = untried.left < left ? 0 : stuck + 1;
    }
  },
);
