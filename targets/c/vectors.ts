// Vectors of GNU C: arithmetic by operators, the rest lane by lane in functions that compilers make vectors of.

import { writeForm } from "../../generators/emit/forms.ts";
import { bracket, operators, primary } from "../../generators/emit/spelling.ts";
import {
  type Form,
  type Helper,
  infix,
  level,
  prefix,
  type Text,
  type VectorForms,
} from "../../generators/emit/target.ts";
import { flatten, gapAt } from "../../generators/emit/wrap.ts";
import type { NestOp, Scalar, Width } from "../../generators/ir/nest.ts";

/** A number in all lanes, which operators take as it is beside a vector. */
interface Splat extends Text {
  readonly number: Text;
}

const isSplat = (text: Text): text is Splat => "number" in text;

/** A test has all bits of a whole number set, or none. */
const elements: Readonly<Partial<Record<Scalar, { readonly c: string; readonly short: string }>>> =
  {
    i32: { c: "int32_t", short: "i32" },
    u32: { c: "uint32_t", short: "u32" },
    f32: { c: "float", short: "f32" },
    f64: { c: "double", short: "f64" },
    bool: { c: "int32_t", short: "i32" },
  };

function elementOf(type: Scalar): { readonly c: string; readonly short: string } {
  const found = elements[type];
  if (!found) throw new Error(`c has no vectors of type ${type}.`);
  return found;
}

const name = (type: Scalar, lanes: Width): string => `${elementOf(type).short}x${lanes}`;

/** The names of vector types in a text, and what defines them. */
export function defineVectors(text: string): readonly string[] {
  const found = new Set(text.match(/\b[fiu](?:32|64)x(?:2|4|8|16)\b/g));
  return [...found].sort().flatMap((vector) => {
    const [short, lanes] = vector.split("x") as [Scalar, string];
    const { c } = elementOf(short);
    const bytes = (short === "f64" ? 8 : 4) * Number(lanes);
    return [
      `typedef ${c} ${vector} __attribute__((vector_size(${bytes})));`,
      `typedef ${c} ${vector}_at __attribute__((vector_size(${bytes}), aligned(${bytes / Number(lanes)}), may_alias));`,
    ];
  });
}

/** Operators of vectors; what compares gives a test. */
const symbols: Readonly<Partial<Record<NestOp, Form>>> = {
  add: operators.add,
  sub: operators.sub,
  mul: operators.mul,
  div: operators.div,
  neg: operators.neg,
  lt: operators.lt,
  le: operators.le,
  eq: infix("==", level.equal),
  and: infix("&", level.compare),
  or: infix("|", level.compare),
  not: prefix("~"),
};

const compares: ReadonlySet<NestOp> = new Set<NestOp>(["lt", "le", "eq"]);
const gives = (op: NestOp, of: Scalar): Scalar =>
  compares.has(op) ? "bool" : op === "floor" || op === "ceil" || op === "round" ? "i32" : of;

/** Vectors are no arguments of calls, for which machines with shorter ones have other rules. */
const inlined = "static inline __attribute__((always_inline))";

/** One lane after another by the function (or operator) that numbers have. */
function byLanes(
  own: string,
  of: Scalar,
  to: Scalar,
  lanes: Width,
  count: number,
  value: (args: readonly Text[]) => string,
): Helper {
  const names = ["a", "b", "c"].slice(0, count);
  const args = names.map((arg) => `${name(of, lanes)} ${arg}`).join(", ");
  const lane = value(names.map((arg) => primary(`${arg}[i]`)));
  return {
    text: [
      `${inlined} ${name(to, lanes)} ${own}(${args}) {`,
      `  ${name(to, lanes)} result;`,
      `  for (int i = 0; i < ${lanes}; ++i) result[i] = ${lane};`,
      "  return result;",
      "}",
    ].join("\n"),
  };
}

const selectName = (type: Scalar, lanes: Width): string => `select_${name(type, lanes)}`;

function selectText(type: Scalar, lanes: Width, own: string): string {
  const [vector, test] = [name(type, lanes), name("bool", lanes)];
  const body =
    type === "f64"
      ? [
          `  ${vector} result;`,
          `  for (int i = 0; i < ${lanes}; ++i) result[i] = test[i] ? a[i] : b[i];`,
          "  return result;",
        ]
      : [`  return (${vector})((test & (${test})a) | (~test & (${test})b));`];
  return [
    `${inlined} ${vector} ${own}(${test} test, ${vector} a, ${vector} b) {`,
    ...body,
    "}",
  ].join("\n");
}

/** The functions by which a text chooses lane by lane. */
export function defineSelects(text: string): readonly string[] {
  const found = new Set(text.match(/\bselect_[fiu](?:32|64)x(?:2|4|8|16)\b/g));
  return [...found].sort().map((own) => {
    const [type, lanes] = own.slice("select_".length).split("x") as [Scalar, string];
    return selectText(type, Number(lanes) as Width, own);
  });
}

const callOf = (own: string, args: readonly Text[]): Text =>
  primary(`${own}(${args.map(({ text }) => text).join(`,${gapAt(0)}`)})`);

/** How numbers write an operation that is no operator of vectors. */
type Numbers = (op: NestOp, of: Scalar, args: readonly Text[]) => Form;

/** Vectors, whose lanes are computed as numbers are where there is no operator. */
export function createVectors(
  numbers: Numbers,
  use: (form: Form) => readonly string[],
): VectorForms {
  return {
    type: (of, lanes) => name(of, lanes),
    splat(value, type, lanes) {
      const vector = name(type, lanes);
      // x - 0 is x in every bit, also of -0.
      const number: Text =
        type === "bool"
          ? { text: `-(int32_t)${bracket(value, level.unary)}`, level: level.unary }
          : value;
      if (/^0(\.0f?)?$/.test(value.text))
        return { text: `(${vector}){0}`, level: level.primary, number } satisfies Splat;
      const text = `${bracket(number, level.add)} -${gapAt(level.add)}(${vector}){0}`;
      return { text, level: level.add, number } satisfies Splat;
    },
    lane: (vector, lane, type) => {
      const text = `${bracket(vector, level.primary)}[${lane}]`;
      return type === "bool" ? { text: `${text} != 0`, level: level.equal } : primary(text);
    },
    load: (buffer, address, lanes) =>
      primary(`*(const ${name(buffer.decl.dtype, lanes)}_at *)&${buffer.name}[${address.text}]`),
    store: (buffer, address, value, lanes) =>
      `*(${name(buffer.decl.dtype, lanes)}_at *)&${buffer.name}[${address.text}] = ${value.text};`,
    op(op, args, of, lanes, need) {
      const symbol = symbols[op];
      // Comparisons of doubles give whole numbers of 64 bits: these are taken lane by lane.
      const wide = of === "f64" && compares.has(op);
      if (symbol && !wide) {
        const some = args.some((arg) => !isSplat(arg));
        return writeForm(
          symbol,
          args.map((arg) => (isSplat(arg) && some && args.length > 1 ? arg.number : arg)),
        );
      }
      const form = numbers(op, of, args);
      const to = gives(op, of);
      const own = `${op}_${name(of, lanes)}`;
      const helper = byLanes(own, of, to, lanes, args.length, (parts) => {
        const text = flatten(writeForm(form, parts).text);
        return to === "bool" ? `-(${text})` : text;
      });
      need(own, { ...helper, needs: use(form) });
      return callOf(own, args);
    },
    cast(to, from, arg, lanes) {
      const vector = name(to, lanes);
      const number: Text =
        from === "bool" ? { text: `-${bracket(arg, level.primary)}`, level: level.unary } : arg;
      if (from === "bool" && to === "i32") return number;
      if (to === "bool")
        return { text: `${bracket(arg, level.add)} !=${gapAt(level.equal)}0`, level: level.equal };
      return primary(`__builtin_convertvector(${number.text},${gapAt(0)}${vector})`);
    },
    select: (cond, then, otherwise, type, lanes) =>
      callOf(selectName(type, lanes), [cond, then, otherwise]),
    define: (variable, type, lanes, value, changes) =>
      `${changes ? "" : "const "}${name(type, lanes)} ${variable} = ${value.text};`,
  };
}
