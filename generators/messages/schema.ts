// What a schema has against data, in words.

/** A fault as Ajv tells of it. */
export interface SchemaFault {
  /** Where it is, such as `/entries/0/key`. */
  readonly instancePath: string;
  readonly message?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** The first of some faults: where it is, what must be there, and which values are allowed. */
export function explainFault(faults: readonly SchemaFault[] | null | undefined): string {
  const [fault] = faults ?? [];
  const where = fault?.instancePath.slice(1).replaceAll("/", ".") ?? "";
  const { allowedValues, allowedValue, additionalProperty } = fault?.params ?? {};
  const allowed = Array.isArray(allowedValues) ? allowedValues : [allowedValue ?? []].flat();
  const list = allowed.length > 0 ? `: ${allowed.join(", ")}` : "";
  const extra = typeof additionalProperty === "string" ? `, such as ${additionalProperty}` : "";
  return `${where || "it"} ${fault?.message ?? "is not as it must be"}${list}${extra}`;
}
