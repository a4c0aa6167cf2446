// The forms that the JSON Schema of manifest.json is made of.

/** A string. */
export const text = { type: "string" };
/** A whole number, not below 0. */
export const count = { type: "integer", minimum: 0 };
/** An array of these. */
export const list = (items: object) => ({ type: "array", items });
/** An object of these, by names that the schema does not say. */
export const record = (values: object) => ({ type: "object", additionalProperties: values });
/** One of the definitions. */
export const ref = (name: string) => ({ $ref: `#/definitions/${name}` });

/** An object with exactly these members; those named in `optional` may be absent. */
export const object = (
  properties: Readonly<Record<string, object>>,
  optional: readonly string[] = [],
) => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

/** The axes of each dimension. */
export const dims = list(list(text));
/** What an element is stored as. */
export const dtype = { enum: ["f32", "f16", "bf16", "f64", "i32", "u32"] };

/** A schema and what its values mean. */
export const about = (description: string, schema: object) => ({ description, ...schema });
