// The words of `tune`'s command line, read into what they mean.

import { homedir } from "node:os";
import { join } from "node:path";
import { presets } from "../../measure/work/layers.ts";
import { calls } from "../../measure/work/networks.ts";
import { suggestName } from "../../messages/nearest.ts";
import type { Budget } from "../../tune/run/tune.ts";
import { defaultStrategy, strategies } from "../../tune/search/index.ts";
import type { Strategy } from "../../tune/search/strategy.ts";
import type { CallRequest } from "../calls.ts";
import { UsageError, UserError } from "../errors.ts";
import { storages } from "../storage.ts";

/** What commander gives. */
export interface TuneRequest extends CallRequest {
  readonly target?: string;
  readonly grad?: boolean;
  readonly threads: string;
  readonly budget: string;
  readonly strategy: string;
  readonly seed: string;
  readonly database?: string;
  readonly also?: readonly string[];
  readonly team?: string;
  readonly node?: string;
  readonly dtype?: string;
  readonly json?: boolean;
}

/** What `--shape` takes, as help says it. */
export const shapeHelp =
  "N,C,H,W,O,k of a convolution; N,C,H,W,boxes,bins of roi_align (2 samples a side) and roi_pool; " +
  "else by name, such as H=128,W=128,kernel=5";

/** What `--preset` takes, as help says it. */
export const presetHelp = `layers of networks; ${[
  ["of convolutions", Object.keys(presets)] as const,
  ...Object.entries(calls).map(([op, { networks }]) => [op, Object.keys(networks)] as const),
]
  .map(([op, names]) => `${op}: ${names.join(", ")}`)
  .join("; ")}`;

/** Kernels with data in 16 bits have schedules of their own kind, which are not searched. */
export function refuseStorage(dtype: string | undefined): void {
  if (dtype === undefined || dtype === "f32") return;
  if (!storages.includes(dtype))
    throw new UsageError(`there is no dtype "${dtype}"; there are ${storages.join(", ")}`);
  throw new UserError(
    `kernels that store data in ${dtype} cannot be tuned, only those of f32; ` +
      `\`generate --dtype ${dtype}\` writes them with the default schedules`,
  );
}

/** What `--team` takes, as help says it. */
export const teamHelp =
  "winners or a database of a team (else $WARPWEAVE_TUNED, or warpweave.tuned in package.json)";

/** `50` evaluations or `60s`. */
export function parseBudget(text: string): Budget {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(text)?.[1];
  if (seconds !== undefined && Number(seconds) > 0)
    return { kind: "seconds", seconds: Number(seconds) };
  if (/^[1-9]\d{0,8}$/.test(text)) return { kind: "evaluations", count: Number(text) };
  throw new UsageError(
    `--budget ${text} cannot be read; write a number of configurations from 1 on, such as 50, or ` +
      "seconds, such as 60s",
  );
}

/** A way to search by its name; `default` is what is used where none is asked for. */
export function parseStrategy(name: string): Strategy {
  if (name === "default") return defaultStrategy;
  const found = Object.hasOwn(strategies, name) ? strategies[name] : undefined;
  if (found) return found;
  const names = [...new Set(["default", ...Object.keys(strategies)])];
  throw new UsageError(`there is no strategy "${name}"; ${suggestName(name, names)}`);
}

/** A whole number from 0 on. */
export function parseSeed(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`--seed ${text} cannot be read; write a whole number from 0 on`);
}

/** Where measurements are kept: the file named, or one in the user's cache folder. */
export const databasePath = (given: string | undefined): string =>
  given ??
  // An empty variable means the same as none.
  join(
    process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
    "warpweave",
    "tune",
    "measurements.jsonl",
  );
