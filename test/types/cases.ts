// Misuse of the declaration language that TypeScript itself refuses. Each case is a line of a declaration
// with one wrong token, and the right one beside it.

/** What every case may use; `HERE` is where the line of most stands. */
export const frame = `import type { Coords, Derived, Meta, Pos, Tensor, YX } from "warpweave";
import { axis, bilinear, finite, floor, lerp, max, mean, stage, steps, sum, sums, tensor } from "warpweave";

interface Tensors {
  input: Tensor<"N C H W">;
  offset: Coords<"N (G 2) H W">;
  bias?: Tensor<"C">;
}
interface Attrs {
  stride: YX;
  gamma: number;
  mode: "near" | "far";
}
export const meta = {
  doc: "",
  attrs: {
    stride: { type: "pair", doc: "" },
    gamma: { type: "real", doc: "" },
    mode: { type: "choice", values: ["near", "far"], default: "near", doc: "" },
  },
  differentiable: ["input"],
  axes: { P: ({ H }) => H },
  variants: [["bias"]],
  samples: [],
} as const satisfies Meta<Tensors, Attrs>;
export function example(
  { input, offset, bias }: Tensors,
  { stride, gamma, mode }: Attrs,
  { P }: Derived<typeof meta>,
) {
  const { N, C, H, W } = input;
  const { G } = offset;
  const moved = stage([N, C], (n, c) => [n * 2, c] as const);
  return tensor([N, C, H, W], (n, c, h, w) => {
    HERE
    return given + P.size + gamma;
  });
}
export type Used = Pos<"H">;
export const used = [axis, bilinear, finite, floor, lerp, max, mean, steps, sum, sums];
`;

export interface TypeCase {
  readonly misuse: string;
  /** What of the frame is replaced by `line`. */
  readonly place: string;
  /** `§` stands for the token. */
  readonly line: string;
  readonly wrong: string;
  readonly right: string;
  /** TypeScript's first error, and the first line of its message, or how it begins where it ends in `…`. */
  readonly code: number;
  readonly message: string;
}

type Said = readonly [code: number, message: string];
const given = (
  misuse: string,
  line: string,
  [wrong, right]: readonly [string, string],
  [code, message]: Said,
): TypeCase => {
  const place = "HERE";
  return { misuse, place, line: `const given = ${line};`, wrong, right, code, message };
};

/** A field of `meta` instead of the one in the frame. */
const meta = (
  misuse: string,
  place: string,
  line: string,
  [wrong, right]: readonly [string, string],
  [code, message]: Said,
): TypeCase => ({ misuse, place, line, wrong, right, code, message });

const index = (is: string, needed: string): Said => [
  2345,
  `Argument of type '${is}' is not assignable to parameter of type '${needed}'.`,
];

export const cases: readonly TypeCase[] = [
  given("an index of another axis", "input(n, §, h, w)", ["n", "c"], index('Ix<"N">', 'Ix<"C">')),
  given(
    "too few indices",
    "input(n, c, h§)",
    ["", ", w"],
    [2554, "Expected 4 arguments, but got 3."],
  ),
  given(
    "an axis the tensor has not",
    "input.§.size",
    ["G", "C"],
    [2339, "Property 'G' does not exist on type 'Tensor<\"N C H W\">'."],
  ),
  given(
    "a position as an index",
    "input(n, c, H.§(1), w)",
    ["at", "nearest"],
    index('Pos<"H">', 'Ix<"H">'),
  ),
  given(
    "a bare number as an index",
    "input(n, c, §, w)",
    ["0", "H.index(0)"],
    index("number", 'Ix<"H">'),
  ),
  given(
    "a bare number as a position",
    "input.orZero(n, c, §, w)",
    ["1.5", "H.at(1.5)"],
    index("number", 'Pos<"H">'),
  ),
  given(
    "a position on another axis",
    "input.orZero(n, c, §.at(1), w)",
    ["W", "H"],
    index('Pos<"W">', 'Pos<"H">'),
  ),
  given(
    "an optional tensor without ?.",
    "bias§(c) ?? 0",
    ["", "?."],
    [2722, "Cannot invoke an object which is possibly 'undefined'."],
  ),
  given(
    "an absent value in arithmetic",
    "1 + (bias?.(c)§)",
    ["", " ?? 0"],
    [2532, "Object is possibly 'undefined'."],
  ),
  given(
    "a part beyond a fixed axis",
    "offset(n, G.index(0), §, h, w)",
    ["2", "1"],
    index("2", "0 | 1"),
  ),
  given("the owner of another axis' index", "G.of(§, C)", ["n", "c"], index('Ix<"N">', 'Ix<"C">')),
  given(
    "the member of another axis' block",
    "C.in(G, §, 0)",
    ["c", "G.index(0)"],
    index('Ix<"C">', 'Ix<"G">'),
  ),
  given(
    "a walk over another axis",
    "sum([§.span(0, 1)], (i) => input(n, c, i, w))",
    ["W", "H"],
    index('Ix<"W">', 'Ix<"H">'),
  ),
  given(
    "a test as a summand",
    "sum([H], (i) => (i § 1))",
    [">", "+"],
    [2322, "Type 'boolean' is not assignable to type 'number'."],
  ),
  given(
    "sums of another length",
    "sums([H], (i) => [i, 1], [0§])[0]",
    ["", ", 0"],
    [2322, "Type '[Ix<\"H\">, number]' is not assignable to type 'readonly [number]'."],
  ),
  given(
    "an element of two parts as one number",
    "moved(n, c)§ * 2",
    ["", "[0]"],
    [
      2362,
      "The left-hand side of an arithmetic operation must be of type 'any', 'number', 'bigint' or an enum type.",
    ],
  ),
  given(
    "a maximum without a value for nothing",
    "max([H], (i) => i§)",
    ["", ", 0"],
    [2554, "Expected 3 arguments, but got 2."],
  ),
  given(
    "a choice that is none",
    "mode === § ? 1 : 0",
    ['"none"', '"near"'],
    [
      2367,
      'This comparison appears to be unintentional because the types \'"far" | "near"\' and \'"none"\' have no overlap.',
    ],
  ),
  given(
    "a part an attribute has not",
    "stride.§",
    ["z", "y"],
    [2339, "Property 'z' does not exist on type 'YX'."],
  ),
  given(
    "lerp along another axis",
    "lerp(§.at(1), (y) => input.orZero(n, c, y, w))",
    ["W", "H"],
    index('Pos<"W">', 'Pos<"H">'),
  ),
  given(
    "an interpolated position as an index",
    "lerp(H.at(1), (y) => input§(n, c, y, w))",
    ["", ".orZero"],
    index('Pos<"H">', 'Ix<"H">'),
  ),
  given(
    "rows and columns exchanged",
    "bilinear(H.at(1), W.at(1), (y, x) => input.orZero(n, c, §))",
    ["x, y", "y, x"],
    index('Pos<"W">', 'Pos<"H">'),
  ),
  given(
    "the old order after regroup",
    'offset.regroup("N (2 G) H W")(n, §, h, w)',
    ["G.index(0), 1", "1, G.index(0)"],
    index('Ix<"G">', "0 | 1"),
  ),
  given(
    "a range where an axis is meant",
    "tensor([§], (i) => i) ? 1 : 0",
    ["H.span(0, 1)", "H"],
    [2322, "Type 'Range<\"H\">' is not assignable to type 'Dimension'."],
  ),
  {
    misuse: "a tensor of other axes",
    place: "HERE",
    line: 'const given = 1; const square: Tensor<"§"> = tensor([N, C], () => given * square.N.size);',
    wrong: "C N",
    right: "N C",
    code: 2322,
    message: "Type 'Tensor<\"N C\">' is not assignable to type 'Tensor<\"C N\">'.",
  },
  {
    misuse: "axes of one dimension as dimensions of their own",
    place: "HERE",
    line: 'const given = 1; const both: Tensor<"§"> = tensor([N, [C, H]], (n, c) => given * n + c);',
    wrong: "N C H",
    right: "N (C H)",
    code: 2322,
    message: "Type 'Tensor<\"N (C H)\">' is not assignable to type 'Tensor<\"N C H\">'.",
  },
  given(
    "an index of another axis of the same dimension",
    "tensor([N, [C, H]], (n, c, h) => input(n, §, h, w))(n, c, h)",
    ["h", "c"],
    index('Ix<"H">', 'Ix<"C">'),
  ),
  {
    misuse: "data where coordinates are meant",
    place: "HERE",
    line: 'const take = (t: §<"N C H W">) => t(n, c, h, w); const given = take(input);',
    wrong: "Coords",
    right: "Tensor",
    code: 2345,
    message: index('Tensor<"N C H W">', 'Coords<"N C H W">')[1],
  },
  meta(
    "an attribute of another type",
    'stride: { type: "pair", doc: "" }',
    'stride: { type: "§", doc: "" }',
    ["int", "pair"],
    [2322, `Type '"int"' is not assignable to type '"pair"'.`],
  ),
  meta(
    "a default that is no value",
    'default: "near"',
    'default: "§"',
    ["none", "near"],
    [2322, `Type '"none"' is not assignable to type '"far" | "near"'.`],
  ),
  meta(
    "an attribute left out",
    'gamma: { type: "real", doc: "" },',
    "§",
    ["", 'gamma: { type: "real", doc: "" },'],
    [2741, `Property 'gamma' is missing in type '{ readonly stride: …`],
  ),
  meta(
    "a gradient of no tensor",
    '["input"]',
    '["§"]',
    ["image", "input"],
    [2322, `Type '"image"' is not assignable to type '"bias" | "input" | "offset"'.`],
  ),
  meta(
    "a variant of a required tensor",
    '[["bias"]]',
    '[["§"]]',
    ["input", "bias"],
    [2322, `Type '"input"' is not assignable to type '"bias"'.`],
  ),
  meta(
    "an axis from one that is not there",
    "P: ({ H }) => H",
    "P: ({ § }) => §",
    ["Z", "H"],
    [2339, `Property 'Z' does not exist on type 'Sizes<Tensors>'.`],
  ),
  meta(
    "a derived axis that is not declared",
    "{ P }: Derived",
    "{ §: P }: Derived",
    ["Q", "P"],
    [2339, `Property 'Q' does not exist on type 'Derived<…`],
  ),
];
