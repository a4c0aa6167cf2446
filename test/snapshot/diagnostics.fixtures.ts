// A declaration that compiles, and what breaks it: for each way, a few words of it exchanged.

import type { Code } from "../../generators/frontend/codes.ts";

export const good = `import type { Coords, Derived, Meta, Tensor, YX } from "warpweave";
import { floor, idiv, stage, sum, tensor } from "warpweave";

interface Tensors {
  input: Tensor<"N C H">;
  boxes: Coords<"N (G 2)">;
  scale?: Tensor<"C">;
}

interface Attrs {
  factor: number;
  stride: YX;
  mode: "near" | "far";
}

export const meta = {
  doc: "An example.",
  attrs: {
    factor: { type: "real", default: 1, doc: "A factor." },
    stride: { type: "pair", doc: "A distance." },
    mode: { type: "choice", values: ["near", "far"], default: "near", doc: "Which." },
  },
  differentiable: ["input"],
  axes: { P: ({ H }, { stride }) => idiv(H, stride.y) },
  demands: [{ holds: ({ C }) => C > 1, otherwise: "{C} channels are too few" }],
  indices: [{ tensor: "boxes", column: 0, axis: "N" }],
  variants: [[], ["scale"]],
  samples: [{ sizes: { N: 1, C: 2, H: 4, G: 1 }, attrs: { stride: { y: 1, x: 1 } } }],
} as const satisfies Meta<Tensors, Attrs>;

const half = 0.5;
const twice = (a: number): number => 2 * a;

export function example(
  { input, boxes, scale }: Tensors,
  { factor, stride, mode }: Attrs,
  { P }: Derived<typeof meta>,
) {
  const { N, C, H } = input;
  const { G } = boxes;
  const first = G.index(0);
  const moved = stage([N, C, P], (n, c, p) => {
    const y = H.at(p * stride.x + boxes(n, first, 0) * half);
    return input.orZero(n, c, floor(y));
  });
  return tensor([N, C, P], (n, c, p) => {
    const total = sum([H], (h) => input(n, c, h));
    const value = mode === "near" ? moved(n, c, p) : twice(total);
    return value * factor * (scale?.(c) ?? 1);
  });
}
`;

interface Bad {
  readonly code: Code | `TS${number}`;
  readonly wrong: string;
  /** Each text is replaced once. */
  readonly changes: readonly (readonly [from: string, to: string])[];
}

const change = (code: Bad["code"], wrong: string, ...changes: Bad["changes"]): Bad => ({
  code,
  wrong,
  changes,
});

const body = "const total = sum([H], (h) => input(n, c, h));";
const value = 'mode === "near" ? moved(n, c, p) : twice(total)';
const end = "return value * factor * (scale?.(c) ?? 1);";
const meta = "export const meta = {";

/** `meta` without the type that would find the mistake first. */
const untyped = [
  ["satisfies Meta<Tensors, Attrs>", ""],
  ["({ H }, { stride }) =>", "({ H }: { H: number }, { stride }: Attrs) =>"],
  ["({ C }) =>", "({ C }: { C: number }) =>"],
  ["Meta, Tensor, YX", "Tensor, YX"],
] as const;
const names = (more: string) => ["import { floor", `import { ${more}, floor`] as const;

export const bad: readonly Bad[] = [
  change("TS2345", "a type error", ["input(n, c, h)", "input(n, h, c)"]),
  change(
    "TS2322",
    "several type errors",
    [value, 'twice("1")'],
    ["input(n, c, h)", "input(n, h, c)"],
    ['doc: "An example."', "doc: 1"],
  ),
  change("TS1109", "a syntax error", ["const half = 0.5;", "const half = = 0.5;"]),
  change("TS2307", "an import that is not there", [
    "const half = 0.5;",
    'import { more } from "./more.ts";\nconst half = 0.5 * more;',
  ]),
  change("TS2584", "a name that only browsers have", [
    "const half = 0.5;",
    "const half = console ? 0.5 : 1;",
  ]),
  change("TS2591", "a module of Node", [
    "const half = 0.5;",
    'import { sep } from "node:path";\nconst half = sep === "/" ? 0.5 : 1;',
  ]),
  change("WW101", "nothing exported", ["export function", "function"]),
  change("WW101", "two operators", ["const twice", "export function more() {}\nconst twice"]),
  change("WW101", "a name no target can spell", ["function example", "function exämple"]),
  change(
    "WW102",
    "an optional attribute",
    ["factor: number;", "factor?: number;"],
    ["* factor", "* (factor ?? 1)"],
    ...untyped,
    ["{ stride }: Attrs) =>", "{ stride }: { stride: YX }) =>"],
  ),
  change(
    "WW102",
    "no tensors",
    ["{ input, boxes, scale }: Tensors", "_: object"],
    ["const { N, C, H } = input;", "const { input, boxes, scale } = _ as Tensors;"],
    ["const { G } = boxes;", "const { N, C, H } = input;\n  const { G } = boxes;"],
  ),
  change(
    "WW103",
    "a tensor without axes",
    ['scale?: Tensor<"C">', "scale?: Tensor<string>"],
    ["(scale?.(c) ?? 1)", "(scale ? 1 : 2)"],
  ),
  change("WW103", "a product of axes", ['"N (G 2)"', '"N G*2"']),
  change(
    "WW103",
    "an axis named twice",
    ['"N (G 2)"', '"N (G 2) N"'],
    ["boxes(n, first, 0)", "boxes(n, first, 0, n)"],
    ["column: 0", "column: 1"],
  ),
  change(
    "WW104",
    "an axis named like an attribute",
    ["axes: { P:", "axes: { stride:"],
    ["{ P }: Derived", "{ stride: P }: Derived"],
  ),
  change(
    "WW104",
    "a part of a pair named like an attribute",
    ["factor: number;", "stride_y: number;"],
    ["factor: { type", "stride_y: { type"],
    ["{ factor, stride, mode }", "{ stride_y: factor, stride, mode }"],
  ),
  change(
    "WW104",
    "an option's constant named like an axis",
    ['mode: "near"', 'p: "near"'],
    ["mode: { type", "p: { type"],
    ["{ factor, stride, mode }", "{ factor, stride, p: mode }"],
  ),
  change(
    "WW104",
    "a tensor named like the result",
    ["boxes: Coords", "output: Coords"],
    ["{ input, boxes, scale }", "{ input, output: boxes, scale }"],
    ['tensor: "boxes"', 'tensor: "output"'],
  ),
  change(
    "WW104",
    "a tensor named like a gradient",
    ["boxes: Coords", "grad_output: Coords"],
    ["{ input, boxes, scale }", "{ input, grad_output: boxes, scale }"],
    ['tensor: "boxes"', 'tensor: "grad_output"'],
  ),
  change(
    "WW104",
    "a result named like an axis",
    ["return tensor([N, C, P], (n, c, p) => {", "const last = tensor([N, C, P], (n, c, p) => {"],
    ["(scale?.(c) ?? 1);\n  });", "(scale?.(c) ?? 1);\n  });\n  return { C: last };"],
  ),
  change(
    "WW104",
    "a stage named like a function of the operator",
    ["const moved", "const example_2"],
    ["moved(n, c, p)", "example_2(n, c, p)"],
  ),
  change(
    "WW105",
    "a tensor that WGSL cannot name",
    ["boxes: Coords", "__boxes: Coords"],
    ["{ input, boxes, scale }", "{ input, __boxes: boxes, scale }"],
    ['tensor: "boxes"', 'tensor: "__boxes"'],
  ),
  change(
    "WW104",
    "an axis named like another",
    ["const first", 'const again = axis("H", 2);\n  const first'],
    ["value * factor", "value * again.size * factor"],
    names("axis"),
  ),
  change(
    "WW110",
    "await",
    [end, `const done = await value;\n    ${end}`],
    [
      "(n, c, p) => {\n    const total",
      "(async (n: never, c: never, p: never) => {\n    const total",
    ],
    ["?? 1);\n  });", "?? 1);\n  }) as never);"],
  ),
  change("WW110", "a remainder with %", [value, "p % 2"]),
  change("WW110", "a template string", [value, "twice(`$" + "{p}`.length)"]),
  change("WW110", "mutation", [value, "([first][0] = first)"]),
  change("WW110", "a default parameter", ["(a: number): number", "(a: number = 1): number"]),
  change("WW110", "new", [value, "new Date().getTime()"]),
  change("WW110", "a spread of what is no array", [
    value,
    "twice(...(total as never as [number]))",
  ]),
  change("WW111", "let", [body, body.replace("const", "let")]),
  change("WW111", "a loop", [body, `${body}\n    for (const x of [1, 2]) twice(x);`]),
  change("WW111", "if", [end, `if (total > 0) return 1;\n    ${end}`]),
  change(
    "WW111",
    "throw",
    [end, 'throw new Error("no");'],
    ["(n, c, p) => {\n    const total", "(n, c, p): number => {\n    const total"],
  ),
  change("WW111", "a class", [body, `${body}\n    class Other {}`]),
  change("WW111", "a statement by itself", [body, `${body}\n    twice(total);`]),
  change("WW112", "a default in a pattern", [
    "const { N, C, H } = input;",
    "const { N, C, H = input.H } = input;",
  ]),
  change("WW113", "recursion", [
    "const twice = (a: number): number => 2 * a;",
    "function twice(a: number): number {\n  return a + twice(a - 1);\n}",
  ]),
  change("WW114", "a variable of the module", ["const half", "let half"]),
  change("WW120", "Math", [value, "Math.sin(total)"]),
  change("WW120", "another global", [value, 'parseFloat("1")']),
  change(
    "WW120",
    "a function of the reference run",
    [value, "storedIn(input).length"],
    names("storedIn"),
  ),
  change("WW121", "a member of an array", [value, "[1, 2].length"]),
  change("WW121", "a place that is not constant", [value, "[1, 2, 3][total]!"]),
  change("WW122", "too many indices of a tensor", [
    "moved(n, c, p)",
    "moved(...([n, c, p, p] as never as [typeof n, typeof c, typeof p]))",
  ]),
  change("WW122", "a call of what is no function", [value, "(total as never as () => number)()"]),
  change("WW123", "an optional tensor, taken as given", ["scale?.(c) ?? 1", "scale!(c)"]),
  change("WW123", "an absent value computed with", ["scale?.(c) ?? 1", "scale?.(c) as number"]),
  change("WW130", "a test as a number", [value, "twice((total > 1) as never)"]),
  change("WW130", "a number as a test", ["twice(total)", "(total ? 1 : 2)"]),
  change("WW130", "a remainder of a real number", [value, "mod(total, 2)"], names("mod")),
  change("WW130", "a string as a number", [value, 'twice("1" as never)']),
  change("WW131", "a position from data", [
    "boxes(n, first, 0)",
    "input(n, C.index(0), H.index(0))",
  ]),
  change(
    "WW131",
    "a position from data, inside the language",
    ["moved(n, c, p)", "lerp(H.clamp(0) + total as never, (a) => a)"],
    names("lerp"),
  ),
  change("WW131", "data rounded", [value, "floor(total)"]),
  change("WW132", "a read between elements", ["floor(y)", "y"]),
  change("WW133", "a choice of functions", [
    "twice(total)",
    '(mode === "far" ? twice : floor)(total)',
  ]),
  change("WW134", "a string compared with a number", [value, "(mode as never) === total ? 1 : 0"]),
  change("WW134", "a value the option has not", [
    'mode === "near"',
    '(mode as string) === "nearer"',
  ]),
  change("WW140", "a stage inside an element", [value, "stage([N], (m) => m)(n)"]),
  change("WW140", "a stage without a name", [
    "const first = G.index(0);",
    "const [first] = [G.index(0), stage([N], (n) => n)];",
  ]),
  change(
    "WW141",
    "a stage that reads itself",
    ["const moved = stage", 'const moved: Tensor<"N C P"> = stage'],
    ["input.orZero(n, c, floor(y))", "moved(n, c, p) + y"],
  ),
  change("WW142", "a result that is no tensor", [
    "return tensor(",
    "return [1, 2];\n  return tensor(",
  ]),
  change("WW142", "an argument returned", ["return tensor(", "return input;\n  return tensor("]),
  change(
    "WW142",
    "a tuple returned",
    ["return tensor(", "const both = stage("],
    [end, "return [value, factor * (scale?.(c) ?? 1)];"],
    ["1)];\n  });", "1)];\n  });\n  return both;"],
  ),
  change("WW143", "a walk over a number", ["sum([H]", "sum([2 as never as typeof H]"]),
  change("WW143", "a part of an axis in a stage", [
    "stage([N, C, P]",
    "stage([N, C, P.span(0, 2) as typeof P]",
  ]),
  change("WW144", "parts moved between dimensions", [
    "} = boxes;",
    '} = boxes.regroup("(N 2) G");',
  ]),
  change("WW145", "an axis with a real size", ["idiv(H, stride.y)", "H / stride.y"]),
  change("WW146", "an axis that an option changes", [
    "({ H }, { stride }) => idiv(H, stride.y)",
    '({ H }, { mode }) => (mode === "near" ? H : 2 * H)',
  ]),
  change(
    "WW146",
    "an inner axis that an option changes",
    [
      "sum([H], (h) => input(n, c, h))",
      'sum([axis("Q", mode === "near" ? 1 : 2)], (q) => twice(q))',
    ],
    names("axis"),
  ),
  change("WW150", "no meta", [meta, "const meta = {"]),
  change("WW151", "a computed field", ['doc: "An example."', 'doc: "An " + "example."']),
  change(
    "WW151",
    "a shorthand field",
    [meta, `const differentiable = ["input"] as const;\n${meta}`],
    ['differentiable: ["input"],', "differentiable,"],
  ),
  change("WW152", "a field that is not there", ["doc: ", 'other: "", doc: '], ...untyped),
  change("WW152", "a field that is missing", ['doc: "An example.",\n', ""], ...untyped),
  change("WW152", "a column beyond the tensor", ["column: 0", "column: 2"]),
  change("WW153", "a variant of a required tensor", ['["scale"]]', '["input"]]'], ...untyped),
  change("WW153", "a sentence about what is not there", ["{C} channels", "{D} channels"]),
  change("WW153", "an axis that is not there", ['axis: "N"', 'axis: "M"']),
  change("WW154", "an attribute of another type", ['type: "pair"', 'type: "int"'], ...untyped),
  change(
    "WW154",
    "a default that is none of the values",
    ['default: "near"', 'default: "nearer"'],
    ...untyped,
  ),
  change("WW155", "a sample without a size", ["H: 4, ", ""]),
  change("WW155", "a sample without an attribute", [", attrs: { stride: { y: 1, x: 1 } } }", " }"]),
  change("WW154", "a default below its range", [
    '"real", default: 1',
    '"real", default: 0, min: 1',
  ]),
  change("WW154", "a default above its range", [
    '"real", default: 1',
    '"real", default: 4, max: 3',
  ]),
  change("WW154", "an empty range", ['type: "pair"', 'type: "pair", min: 1, max: 0']),
  change("WW154", "a sample out of range", ['type: "pair"', 'type: "pair", min: 2']),
  change("WW154", "a sample with a part of a number", ["y: 1, x: 1", "y: 1, x: 1.5"]),
  change("WW152", "a sample of another form", ["{ y: 1, x: 1 }", "1"], ...untyped),
  change("WW155", "no samples", [
    "[{ sizes: { N: 1, C: 2, H: 4, G: 1 }, attrs: { stride: { y: 1, x: 1 } } }]",
    "[]",
  ]),
  change("WW155", "a sample that breaks a demand", ["C: 2", "C: 1"]),
  change("WW155", "a sample with an axis without elements", ["y: 1, x: 1", "y: 5, x: 1"]),
  change("WW155", "a sample that divides by 0", ["idiv(H, stride.y)", "idiv(H, stride.y - 1)"]),
];
