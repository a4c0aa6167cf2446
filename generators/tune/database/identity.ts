// When two results are of the same conditions.

import type { Configuration } from "../space/space.ts";
import type { Device, Key, Measurement } from "./record.ts";

/** JSON with names in alphabetical order, so that equal values are equal texts. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, of]) => of !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([name, of]) => `${JSON.stringify(name)}:${canonicalJson(of)}`).join(",")}}`;
}

/** A device as keys name it, with what an executor says of it. */
export function describeDevice(of: {
  readonly device: string;
  readonly driver: string;
  readonly features?: readonly string[];
  readonly limits?: Readonly<Record<string, number>>;
}): Device {
  const { device, driver, features = [], limits: numbers = {} } = of;
  const has = features.toSorted().map((name) => [name, true] as const);
  const limits = { ...Object.fromEntries(has), ...numbers };
  return { device, driver, ...(Object.keys(limits).length > 0 && { limits }) };
}

/** The text of conditions: equal for equal ones. */
export const identifyKey = (key: Key): string =>
  canonicalJson({ ...key, present: key.present.toSorted() });

/** The text of a configuration, in whatever order its parameters are. */
export const identifyConfiguration = (configuration: Configuration): string =>
  canonicalJson(configuration);

/** The text of what a record is of: a later record of the same replaces it. */
export const identifyRecord = ({ key, configuration, final }: Measurement): string =>
  `${identifyKey(key)} ${identifyConfiguration(configuration)}${final === true ? " final" : ""}`;

/** The last record of each configuration and conditions, in the order of their times. */
export function newestOf(records: Iterable<Measurement>): readonly Measurement[] {
  const newest = new Map<string, Measurement>();
  for (const record of records) {
    const name = identifyRecord(record);
    const known = newest.get(name);
    // Of equal times the later line counts.
    if (known === undefined || known.at <= record.at) newest.set(name, record);
  }
  return [...newest.values()].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}
