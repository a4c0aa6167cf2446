// The types of PTX's registers and variables.

/** A type of one element. */
export type Scalar = keyof typeof scalars;

/** What a type's bits mean; `bits` of no meaning can be moved and combined only. */
export type Kind = "pred" | "bits" | "signed" | "unsigned" | "float" | "brain" | "halves";

interface Row {
  readonly bytes: number;
  readonly kind: Kind;
}

const scalars = {
  pred: { bytes: 1, kind: "pred" },
  b8: { bytes: 1, kind: "bits" },
  b16: { bytes: 2, kind: "bits" },
  b32: { bytes: 4, kind: "bits" },
  b64: { bytes: 8, kind: "bits" },
  s8: { bytes: 1, kind: "signed" },
  s16: { bytes: 2, kind: "signed" },
  s32: { bytes: 4, kind: "signed" },
  s64: { bytes: 8, kind: "signed" },
  u8: { bytes: 1, kind: "unsigned" },
  u16: { bytes: 2, kind: "unsigned" },
  u32: { bytes: 4, kind: "unsigned" },
  u64: { bytes: 8, kind: "unsigned" },
  f16: { bytes: 2, kind: "float" },
  f32: { bytes: 4, kind: "float" },
  f64: { bytes: 8, kind: "float" },
  bf16: { bytes: 2, kind: "brain" },
  f16x2: { bytes: 4, kind: "halves" },
  bf16x2: { bytes: 4, kind: "halves" },
} as const satisfies Readonly<Record<string, Row>>;

/** Is this the name of a type? */
export const isScalar = (name: string): name is Scalar => Object.hasOwn(scalars, name);

/** The bytes of a type's element; a predicate has none in memory and counts as one. */
export const bytesOf = (type: Scalar): number => scalars[type].bytes;

/** What a type's bits mean. */
export const kindOf = (type: Scalar): Kind => scalars[type].kind;
