// Where winners are looked up: this machine's database, then a team's file, then what ships.

import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Operator } from "../../frontend/operator.ts";
import { locateFault } from "../../messages/json.ts";
import { identifyKey } from "../../tune/database/identity.ts";
import type { Key } from "../../tune/database/record.ts";
import { header } from "../../tune/database/schema.ts";
import { type Layer, parseWinners, type Winner } from "../../tune/winners/winner.ts";
import { UserError } from "../errors.ts";
import { explainFailure } from "../io/files.ts";
import { readShipped, readWinners } from "./winners.ts";

/** The variable that names a team's file where no option does. */
export const teamVariable = "WARPWEAVE_TUNED";

/** A team's file: as an option, the variable or the nearest package.json says; undefined where none does. */
export function findTeam(
  given: string | undefined,
  folder: string = process.cwd(),
): string | undefined {
  const named = given ?? (process.env[teamVariable] || undefined) ?? readPackage(folder);
  if (named !== undefined && !existsSync(named))
    throw new UserError(`there is no file ${named} with the winners of a team`);
  return named;
}

/** What the nearest package.json has as `{"warpweave": {"tuned": "file"}}`, relative to its folder. */
function readPackage(folder: string): string | undefined {
  const path = join(folder, "package.json");
  const above = dirname(folder);
  if (!existsSync(path)) return above === folder ? undefined : readPackage(above);
  const text = readFileSync(path, "utf8");
  let data: { readonly warpweave?: { readonly tuned?: unknown } } | null;
  try {
    data = JSON.parse(text);
  } catch {
    throw new UserError(`${path} is not JSON: ${locateFault(text)}`);
  }
  const tuned = data?.warpweave?.tuned;
  if (tuned === undefined) return undefined;
  if (typeof tuned !== "string")
    throw new UserError(`${path}: warpweave.tuned is the name of a file with winners`);
  return resolve(folder, tuned);
}

/** The winners of a file: of a database, what won in it; else as `tune winners` writes them. */
export async function readEither(
  path: string,
  operators: readonly Operator[],
  of?: (key: Key) => boolean,
): Promise<readonly Winner[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${explainFailure(error)}`);
  }
  if (text.startsWith(JSON.stringify(header))) return readWinners([path], operators, of);
  const winners = parseWinners(text, path);
  return of ? winners.filter(({ key }) => of(key)) : winners;
}

/** The winners of one operator on one target, nearest layer first; of equal conditions the nearest alone. */
export async function readLayers(
  operator: Operator,
  target: string,
  files: { readonly database?: string; readonly team?: string | undefined },
): Promise<readonly Winner[]> {
  const isMeant = (key: Key) => key.operator === operator.name && key.target === target;
  const { database, team } = files;
  const own =
    database !== undefined && existsSync(database)
      ? await readWinners([database], [operator], isMeant)
      : [];
  const shared = team === undefined ? [] : await readEither(team, [operator], isMeant);
  const shipped = (await readShipped()).filter(({ key }) => isMeant(key));
  return joinLayers({ own, team: shared, shipped });
}

/** Layers as one list: a winner of conditions that a nearer layer knows is left out. */
export function joinLayers(layers: Readonly<Record<Layer, readonly Winner[]>>): readonly Winner[] {
  const found = new Map<string, Winner>();
  const { own, team, shipped } = layers;
  for (const [layer, winners] of Object.entries({ own, team, shipped } satisfies typeof layers))
    for (const winner of winners) {
      const name = identifyKey(winner.key);
      if (!found.has(name)) found.set(name, { ...winner, layer: layer as Layer });
    }
  return [...found.values()];
}
