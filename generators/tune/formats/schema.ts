// Files are held against the schemas that their formats publish.

import type { ErrorObject } from "ajv";
import { TuningError } from "../space/error.ts";

/** What a format publishes, as a function that says whether data is so, and keeps what is wrong. */
interface Validate<T> {
  (data: unknown): data is T;
  errors?: readonly ErrorObject[] | null;
}

/** Data as its format says, or a sentence about the first thing that is wrong, and what is allowed. */
export function checkSchema<T>(data: unknown, validate: Validate<T>, format: string): T {
  if (validate(data)) return data;
  const [error] = validate.errors ?? [];
  const where = error?.instancePath.replaceAll("/", ".").slice(1) ?? "";
  const allowed: unknown = error?.params.allowedValues;
  const list = Array.isArray(allowed) ? `: ${allowed.join(", ")}` : "";
  const what = error?.message ?? "is not as it must be";
  throw new TuningError(`this is no ${format} file: ${where === "" ? "it" : where} ${what}${list}`);
}
