// Nests and plans as pseudo-code: what a schedule author reads, and what the checker quotes.

import { showNumber } from "./dumpExpr.ts";
import { unreachable } from "./expr.ts";
import type {
  AddMode,
  Block,
  BufferDecl,
  Nest,
  NestExpr,
  NestOp,
  Parameter,
  Scalar,
  Stmt,
  Width,
} from "./nest.ts";
import type { Plan } from "./plan.ts";

const infix: Partial<Readonly<Record<NestOp, readonly [text: string, level: number]>>> = {
  or: ["||", 2],
  and: ["&&", 3],
  eq: ["==", 4],
  lt: ["<", 5],
  le: ["<=", 5],
  add: ["+", 6],
  sub: ["-", 6],
  mul: ["*", 7],
  div: ["/", 7],
  quot: ["/", 7],
  rem: ["%", 7],
};

const isReal = (type: Scalar): boolean =>
  type === "f16" || type === "bf16" || type === "f32" || type === "f64";

/** Text whose operator is of level `own`, within one of level `around`. */
const enclose = (text: string, own: number, around: number): string =>
  own < around ? `(${text})` : text;

/** An expression on one line; `level` is how tightly what stands around it binds. */
export function dumpNestExpr(e: NestExpr, level = 0): string {
  switch (e.kind) {
    case "const":
      if (e.type === "bool") return e.value === 0 ? "false" : "true";
      return `${showNumber(e.value, isReal(e.type))}${e.type === "u32" ? "u" : ""}`;
    case "var":
      return e.name;
    case "load":
      return `${e.buffer}[${dumpNestExpr(e.address)}${showWidth(e.width)}]`;
    case "op": {
      const how = infix[e.op];
      const [a, b] = e.args;
      if (how && a && b) {
        const [text, own] = how;
        return enclose(`${dumpNestExpr(a, own)} ${text} ${dumpNestExpr(b, own + 1)}`, own, level);
      }
      if (e.op === "neg" || e.op === "not")
        return `${e.op === "neg" ? "-" : "!"}${dumpNestExpr(a!, 8)}`;
      return `${e.op}(${e.args.map((arg) => dumpNestExpr(arg)).join(", ")})`;
    }
    case "cast":
      return `${e.to}(${dumpNestExpr(e.arg)})`;
    case "lane":
      return `${dumpNestExpr(e.of, 8)}.${e.lane}`;
    case "select": {
      const [cond, then, otherwise] = [e.cond, e.then, e.else].map((x) => dumpNestExpr(x, 2));
      return enclose(`${cond} ? ${then} : ${otherwise}`, 1, level);
    }
    default:
      return unreachable(e);
  }
}

const dumpTarget = (s: { readonly buffer: string; readonly address: NestExpr }): string =>
  `${s.buffer}[${dumpNestExpr(s.address)}`;

const showWidth = (width: number): string => (width === 1 ? "" : ` .. +${width}`);

function dumpAddition(to: string, value: string, mode: AddMode): string {
  switch (mode) {
    case "plain":
      return `${to} += ${value}`;
    case "atomic":
      return `atomically ${to} += ${value}`;
    case "measure":
      return `atomically ${to}.largest max= abs(${value})`;
    case "fixed":
      return `atomically ${to}.sum += ${value}`;
    default:
      return unreachable(mode);
  }
}

const showType = ({
  type,
  lanes = 1,
}: {
  readonly type: Scalar;
  readonly lanes?: Width;
}): string => (lanes === 1 ? type : `${type}x${lanes}`);

/**
 * A statement as text without what is inside it: a loop's or condition's head, or the whole of a
 * simple one.
 */
export function dumpHead(s: Stmt): string {
  switch (s.kind) {
    case "for":
      return (
        `${s.by} ${s.variable} in ${dumpNestExpr(s.lo)} .. ${dumpNestExpr(s.hi)}` +
        (s.product ? `, by the warp: ${s.product.rows} rows, ${s.product.columns} columns` : "")
      );
    case "if":
      return `if ${dumpNestExpr(s.cond)}`;
    case "let":
      return `let ${s.name}: ${showType(s)} = ${dumpNestExpr(s.value)}`;
    case "local":
      return `var ${s.name}: ${showType(s)} = ${dumpNestExpr(s.init)}`;
    case "set":
      return `${s.name} = ${dumpNestExpr(s.value)}`;
    case "store":
      return `${dumpTarget(s)}${showWidth(s.width)}] = ${dumpNestExpr(s.value)}`;
    case "accumulate":
      return dumpAddition(`${dumpTarget(s)}]`, dumpNestExpr(s.value), s.mode);
    case "barrier":
      return "barrier";
    default:
      return unreachable(s);
  }
}

/**
 * Statements, one line each, with what is inside them indented; `mark` adds a note to a statement's
 * line.
 */
export function dumpBlock(
  block: Block,
  indent = "",
  mark: (s: Stmt) => string | undefined = () => undefined,
): string[] {
  return block.flatMap((s) => {
    const note = mark(s);
    const head = `${indent}${dumpHead(s)}${note === undefined ? "" : `   <-- ${note}`}`;
    if (s.kind === "for") return [head, ...dumpBlock(s.body, `${indent}  `, mark)];
    if (s.kind !== "if") return [head];
    const otherwise =
      s.else.length > 0 ? [`${indent}else`, ...dumpBlock(s.else, `${indent}  `, mark)] : [];
    return [head, ...dumpBlock(s.then, `${indent}  `, mark), ...otherwise];
  });
}

/**
 * A buffer's declaration on one line; strides are shown where elements are not simply row-major.
 */
export function dumpBuffer(buffer: BufferDecl): string {
  const shape = buffer.shape.map((n) => dumpNestExpr(n)).join(", ");
  const strides = buffer.strides.map((n) => dumpNestExpr(n)).join(", ");
  const { place, name, dtype, access, perWorker } = buffer;
  const own = perWorker ? " of each worker" : "";
  return `${place} ${name}[${shape}] ${dtype} ${access} strides ${strides || "none"}${own}`;
}

const showParameters = (list: readonly Parameter[]): string =>
  list.map((p) => `${p.name}: ${p.type}`).join(", ");

/** One function as text. */
export function dumpNest(nest: Nest, mark?: (s: Stmt) => string | undefined): string {
  return `${[
    `nest ${nest.name}(${showParameters(nest.scalars)})  group ${nest.group}`,
    ...(nest.constants.length > 0 ? [`  constants ${showParameters(nest.constants)}`] : []),
    ...nest.buffers.map((buffer) => `  ${dumpBuffer(buffer)}`),
    ...dumpBlock(nest.body, "  ", mark),
  ].join("\n")}\n`;
}

/** A plan as text: arguments, sizes, then its steps in order. */
export function dumpPlan(plan: Plan): string {
  const steps = plan.steps.map((step) => {
    switch (step.kind) {
      case "fill":
        return `fill ${step.buffer} with ${step.value}${step.unless ? ` unless ${step.unless}` : ""}\n`;
      case "launch":
        return `${step.repeat === undefined ? "" : `in turn ${step.repeat}: `}launch ${dumpNestExpr(step.groups)} groups of ${dumpNest(step.nest)}`;
      default:
        return unreachable(step);
    }
  });
  return [
    `plan ${plan.operator}.${plan.role} ${plan.name}`,
    ...plan.scalars.map((s) => `${s.from} ${s.name}: ${s.type}`),
    ...plan.options.map((o) => `option ${o.name} as ${o.constant} of ${o.values.join(" | ")}`),
    ...plan.sizes.map(({ axis, is }) => `size ${axis} = ${dumpNestExpr(is)}`),
    ...plan.buffers.map((buffer) => `${buffer.role} ${dumpBuffer(buffer)}`),
    ...(plan.repeats ?? []).map(({ times, numbers }, at) => {
      const own = numbers.map(({ name, is }) => `${name} = ${dumpNestExpr(is)}`);
      return `turn ${at} of ${dumpNestExpr(times)}: ${own.join(", ")}`;
    }),
    ...steps.map((step) => `\n${step}`.trimEnd()),
    "",
  ].join("\n");
}
