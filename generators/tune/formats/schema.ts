// Files are held against the schemas that their formats publish.

import { explainFault, type SchemaFault } from "../../messages/schema.ts";
import { TuningError } from "../space/error.ts";

/** What a format publishes, as a function that says whether data is so, and keeps what is wrong. */
interface Validate<T> {
  (data: unknown): data is T;
  errors?: readonly SchemaFault[] | null;
}

/** Data as its format says, or a sentence about the first thing that is wrong, and what is allowed. */
export function checkSchema<T>(data: unknown, validate: Validate<T>, format: string): T {
  if (validate(data)) return data;
  throw new TuningError(`this is no ${format} file: ${explainFault(validate.errors)}`);
}
