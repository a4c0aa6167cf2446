// What all runs together say: a row for each variant, and how it compares with the first of its task.

import type { RunRecord } from "./records.ts";
import type { Ground } from "./sampling.ts";
import { stacked, type Task, type Variant } from "./settings.ts";
import {
  adjustHolm,
  type Comparison,
  comparePairs,
  type Summary,
  summarize,
} from "./statistics.ts";

/** A variant against the plain network of the same seed, in points of accuracy (per cent). */
export interface Against extends Comparison {
  /** Adjusted for the number of comparisons of the task, by Holm's method. */
  readonly adjusted: number;
}

/** One variant over all seeds. */
export interface Row {
  readonly task: Task;
  readonly name: string;
  readonly deformable: number;
  readonly modulated: boolean;
  readonly parameters: number;
  readonly seeds: readonly number[];
  /** Per cent of the test digits, at the end. */
  readonly accuracy: Summary;
  readonly accuracies: readonly number[];
  readonly loss: Summary;
  readonly seconds: Summary;
  readonly cpuSeconds: Summary;
  /** None for the plain network itself, and where there is one seed only. */
  readonly against?: Against;
}

/** Effective dilation over seeds: the mean and spread of each seed's mean. */
export interface DilationRow {
  readonly variant: string;
  readonly layer: number;
  readonly values: Readonly<Record<Ground, Summary>>;
}

/** The grounds in the order of the table. */
export const grounds: readonly Ground[] = ["small", "medium", "large", "background"];

/** All rows, in the variants' order; a variant without a finished run has none. */
export function summarizeRuns(
  variants: readonly Variant[],
  records: readonly RunRecord[],
): readonly Row[] {
  const rows = variants.flatMap((variant) => {
    const own = recordsOf(variant, records);
    return own.length === 0 ? [] : [summarizeVariant(variant, own)];
  });
  return (["digits", "boxes"] as const).flatMap((task) => compareRows(task, rows));
}

function recordsOf({ task, name }: Variant, records: readonly RunRecord[]): readonly RunRecord[] {
  const own = records.filter((record) => record.task === task && record.variant === name);
  return [...own].sort((a, b) => a.seed - b.seed);
}

function summarizeVariant(variant: Variant, own: readonly RunRecord[]): Row {
  const { task, name, deformable, modulated } = variant;
  const accuracies = own.map(({ final }) => 100 * final.accuracy);
  return {
    task,
    name,
    deformable,
    modulated,
    parameters: own[0]!.parameters,
    seeds: own.map(({ seed }) => seed),
    accuracies,
    accuracy: summarize(accuracies),
    loss: summarize(own.map(({ final }) => final.loss)),
    seconds: summarize(own.map(({ seconds }) => seconds)),
    cpuSeconds: summarize(own.map(({ cpuSeconds }) => cpuSeconds)),
  };
}

function compareRows(task: Task, all: readonly Row[]): readonly Row[] {
  const [plain, ...others] = all.filter((row) => row.task === task);
  if (plain === undefined) return [];
  const comparable =
    plain.deformable === 0 &&
    plain.seeds.length >= 2 &&
    others.every(({ seeds }) => seeds.join() === plain.seeds.join());
  if (!comparable) return [plain, ...others];
  const compared = others.map((row) => comparePairs(row.accuracies, plain.accuracies));
  const adjusted = adjustHolm(compared.map(({ p }) => p));
  return [
    plain,
    ...others.map((row, i) => ({
      ...row,
      against: { ...compared[i]!, adjusted: adjusted[i]! },
    })),
  ];
}

/** How wide the taps of the networks with all layers deformable lie, layer by layer. */
export function summarizeDilation(
  variants: readonly Variant[],
  records: readonly RunRecord[],
): readonly DilationRow[] {
  return variants.flatMap((variant) => {
    const own = recordsOf(variant, records).flatMap(({ sampling }) => sampling ?? []);
    if (own.length === 0) return [];
    return Array.from({ length: stacked }, (_, i) => {
      const valuesOn = (ground: Ground): Summary =>
        summarize(
          own.map(
            ({ dilation }) => dilation.find((d) => d.layer === i + 1 && d.ground === ground)!.mean,
          ),
        );
      const values = Object.fromEntries(grounds.map((ground) => [ground, valuesOn(ground)]));
      return {
        variant: variant.name,
        layer: i + 1,
        values: values as Readonly<Record<Ground, Summary>>,
      };
    });
  });
}

/** What a comparison shows at the level of 5 %, in a word. */
export function judge({ adjusted, mean }: Against): "better" | "worse" | "not distinguished" {
  if (adjusted >= 0.05) return "not distinguished";
  return mean > 0 ? "better" : "worse";
}
