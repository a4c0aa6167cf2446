// Files of spaces and results, by what is in them; packed by gzip or not.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import { codeOf, explainFailure } from "../../messages/errors.ts";
import type { Measurement } from "../database/record.ts";
import { TuningError } from "../space/error.ts";
import type { Space } from "../space/space.ts";
import { checkCache, isCache, readCache } from "./kernelTuner.ts";
import type { Measured } from "./measured.ts";
import { countKeys, fromCache, fromT4 } from "./measurements.ts";
import { checkT1, readT1 } from "./t1.ts";
import { checkT4, isT4, readT4 } from "./t4.ts";

/** What a file holds: a space alone, or what was measured of one. */
export type Contents =
  | { readonly kind: "T1"; readonly space: Space }
  | { readonly kind: "T4" | "cache"; readonly space: Space; readonly measured: Measured };

/** Numbers that Python writes and JSON does not know. */
const strange = /(?<=[:[,\s])(?:-?Infinity|NaN)(?=[\s,\]}])/g;

/** A text as JSON; Kernel Tuner leaves the last brackets of its caches away while it runs. */
function parseJson(text: string, path: string): unknown {
  const body = text.trim();
  const open = body.replace(/,$/, "");
  for (const whole of [body, `${open}}`, `${open}}}`])
    for (const clean of [whole, whole.replaceAll(strange, "null")]) {
      const data = tryParse(clean);
      // Files of other formats that lack brackets were cut off.
      if (data !== undefined && (whole === body || isCache(data))) return data;
    }
  throw new TuningError(`${path} is no JSON`);
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") throw new TuningError(`there is no file ${path}`);
    if (code === "EISDIR") throw new TuningError(`${path} is a folder, not a file`);
    throw new TuningError(`cannot read ${path}: ${explainFailure(error)}`);
  }
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!packed) return bytes.toString("utf8");
  try {
    return gunzipSync(bytes).toString("utf8");
  } catch {
    throw new TuningError(`${path} is packed by gzip, and damaged`);
  }
}

/** What a file is read as; sentences about it begin with its name. */
function readAs<T>(path: string, read: (data: unknown) => T | undefined, formats: string): T {
  const data = parseJson(readText(path), path);
  let found: T | undefined;
  try {
    found = read(data);
  } catch (error) {
    if (error instanceof TuningError) throw new TuningError(`${path}: ${error.message}`);
    throw error;
  }
  if (found !== undefined) return found;
  throw new TuningError(`${path} is none of the formats that are read: ${formats}`);
}

/** What a file of the formats T1, T4 or of Kernel Tuner's caches holds. */
export function readSpaceFile(path: string): Contents {
  const read = (data: unknown): Contents | undefined => {
    if (isCache(data)) {
      const measured = readCache(checkCache(data));
      return { kind: "cache", space: measured.space, measured };
    }
    if (isT4(data)) {
      const file = checkT4(data);
      const count = countKeys(file.results.map((result) => ({ ...result })));
      if (count > 1)
        throw new TuningError(
          `it has results of ${count} kernels, devices and shapes, which are not one space; ` +
            "`tune export --only` writes those of one",
        );
      const measured = readT4(file, basename(path).replace(/\.json(\.gz)?$/, ""));
      return { kind: "T4", space: measured.space, measured };
    }
    if (typeof data === "object" && data !== null && "ConfigurationSpace" in data)
      return { kind: "T1", space: readT1(checkT1(data)) };
    return undefined;
  };
  return readAs(path, read, "T1 (a space), T4 (results), and caches of Kernel Tuner");
}

/** The measurements of ours in a file of the format T4, or in a cache; results of other tools are refused. */
export const readMeasurements = (path: string): readonly Measurement[] =>
  readAs(
    path,
    (data) => {
      if (isCache(data)) return fromCache(checkCache(data));
      return isT4(data) ? fromT4(checkT4(data).results) : undefined;
    },
    "T4 and caches of Kernel Tuner, as `tune export` writes them",
  );
