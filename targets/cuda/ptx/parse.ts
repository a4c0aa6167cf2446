// Reads PTX text. Everything unknown is an error: what is ignored here would be wrong in results.

import { type Resolve, readInstruction, readNumber } from "./operands.ts";
import type { Instruction, Module, Routine, Space, Variable } from "./syntax.ts";
import { Cursor, tokenise } from "./tokens.ts";
import { bytesOf, isScalar, type Scalar } from "./types.ts";

const spaces = {
  ".global": "global",
  ".shared": "shared",
  ".local": "local",
  ".const": "const",
  ".param": "param",
} as const satisfies Readonly<Record<string, Space>>;

const spaceOf = (text: string | undefined): Space | undefined =>
  text !== undefined && Object.hasOwn(spaces, text)
    ? spaces[text as keyof typeof spaces]
    : undefined;

/** Reads a file. */
export function parsePtx(text: string): Module {
  const cursor = new Cursor(tokenise(text));
  const lines = text.split("\n");
  const variables: Variable[] = [];
  const routines = new Map<string, Routine>();
  let version = "";
  let target = "";
  while (cursor.peek() !== undefined) {
    const word = cursor.next();
    switch (word) {
      case ".version":
        version = cursor.next();
        // The lexer parts 9.0 at its point.
        if (cursor.peek()?.startsWith(".") && /^\.\d+$/.test(cursor.peek()!))
          version += cursor.next();
        break;
      case ".target":
        target = cursor.next();
        while (cursor.skip(",")) cursor.next();
        break;
      case ".address_size":
        if (cursor.takeCount() !== 64) throw cursor.error("addresses are of 64 bits.");
        break;
      case ".file":
        skipFile(cursor);
        break;
      case ".visible":
      case ".weak":
      case ".extern":
        break;
      case ".entry":
      case ".func": {
        const routine = readRoutine(cursor, lines, word === ".entry");
        if (routine) routines.set(routine.name, routine);
        break;
      }
      default: {
        const space = spaceOf(word);
        if (!space) throw cursor.error(`${word} is no directive that is understood.`);
        variables.push(readVariable(cursor, space));
        cursor.take(";");
      }
    }
  }
  if (version === "" || target === "") throw cursor.error("the file names no version and target.");
  return { version, target, variables, routines };
}

function skipFile(cursor: Cursor): void {
  cursor.takeCount();
  cursor.next();
  while (cursor.skip(",")) cursor.takeCount();
}

/** What follows a space: alignment, type, name, dimensions, content. */
function readVariable(cursor: Cursor, space: Space, rename: Resolve = (name) => name): Variable {
  let align = 0;
  let type: Scalar | undefined;
  let lanes = 1;
  for (;;) {
    const word = cursor.next();
    const name = word.slice(1);
    if (word === ".align") align = cursor.takeCount();
    else if (word === ".v2" || word === ".v4") lanes = Number(word.slice(2));
    // A pointer's attributes promise something of what it points to.
    else if (word === ".ptr") spaceOf(cursor.peek()) && cursor.next();
    else if (word.startsWith(".") && isScalar(name)) type = name;
    else if (/^[A-Za-z_$%]/.test(word)) {
      if (!type) throw cursor.error(`${word} has no type.`);
      const element = bytesOf(type) * lanes;
      const elements = readDimensions(cursor);
      const content = cursor.skip("=") ? readContent(cursor, type, elements ?? 1) : undefined;
      return {
        name: rename(word),
        space,
        type,
        align: align || element,
        bytes: element * (elements ?? 0),
        ...(content ? { content } : {}),
        ...(elements === undefined ? { extern: true } : {}),
      };
    } else throw cursor.error(`${word} is nothing that a variable has.`);
  }
}

/** How many elements; undefined where the size is left open. */
function readDimensions(cursor: Cursor): number | undefined {
  let elements = 1;
  while (cursor.skip("[")) {
    if (cursor.skip("]")) return undefined;
    elements *= cursor.takeCount();
    cursor.take("]");
  }
  return elements;
}

function readContent(cursor: Cursor, type: Scalar, elements: number): Uint8Array {
  const size = bytesOf(type);
  const view = new DataView(new ArrayBuffer(size * elements));
  const braces = cursor.skip("{");
  let at = 0;
  do {
    const minus = cursor.skip("-");
    const number = readNumber(cursor, cursor.next());
    if (number.kind !== "integer" && number.kind !== "float")
      throw cursor.error("content is made of numbers.");
    const bits = number.kind === "float" ? number.bits : minus ? -number.value : number.value;
    if (at + size > view.byteLength) throw cursor.error("there is more content than space.");
    for (let byte = 0; byte < size; byte++)
      view.setUint8(at + byte, Number((bits >> BigInt(8 * byte)) & 255n));
    at += size;
  } while (braces && cursor.skip(","));
  if (braces) cursor.take("}");
  return new Uint8Array(view.buffer);
}

function readParams(cursor: Cursor): Variable[] {
  const params: Variable[] = [];
  cursor.take("(");
  if (cursor.skip(")")) return params;
  do {
    cursor.take(".param");
    params.push(readVariable(cursor, "param"));
  } while (cursor.skip(","));
  cursor.take(")");
  return params;
}

/** A routine; undefined where it is only declared. */
function readRoutine(
  cursor: Cursor,
  lines: readonly string[],
  entry: boolean,
): Routine | undefined {
  const returns = cursor.peek() === "(" ? readParams(cursor) : [];
  const name = cursor.next();
  const params = cursor.peek() === "(" ? readParams(cursor) : [];
  let maxThreads: number | undefined;
  for (;;) {
    if (cursor.skip(";")) return undefined;
    if (cursor.skip("{")) break;
    const word = cursor.next();
    if (word === ".maxntid" || word === ".reqntid") {
      maxThreads = cursor.takeCount();
      while (cursor.skip(",")) maxThreads *= cursor.takeCount();
    } else if (word === ".minnctapersm" || word === ".maxnreg") cursor.takeCount();
    else if (word !== ".noreturn")
      throw cursor.error(`${word} is no directive of a routine that is understood.`);
  }
  const head = { name, entry, params, returns, ...(maxThreads ? { maxThreads } : {}) };
  return { ...head, ...readBody(cursor, lines) };
}

type Body = Pick<Routine, "registers" | "variables" | "code" | "labels" | "targets">;

function readBody(cursor: Cursor, lines: readonly string[]): Body {
  const registers = new Map<string, Scalar>();
  const variables: Variable[] = [];
  const code: Instruction[] = [];
  const labels = new Map<string, number>();
  const targets = new Map<string, readonly string[]>();
  const scopes: Map<string, string>[] = [new Map()];
  let inner = 0;
  const resolve: Resolve = (name) => scopes.findLast((scope) => scope.has(name))?.get(name) ?? name;
  const declare: Resolve = (name) => {
    const unique = scopes.length === 1 ? name : `${name}~${inner}`;
    scopes.at(-1)!.set(name, unique);
    return unique;
  };
  while (scopes.length > 0) {
    const word = cursor.peek();
    const space = spaceOf(word);
    if (cursor.skip("{")) {
      inner++;
      scopes.push(new Map());
    } else if (cursor.skip("}")) scopes.pop();
    else if (cursor.skip(".reg")) readRegisters(cursor, registers, declare);
    else if (space) {
      cursor.next();
      variables.push(readVariable(cursor, space, declare));
      cursor.take(";");
    } else if (cursor.skip(".pragma")) {
      // Advice to the assembler, such as not to unroll.
      cursor.next();
      cursor.take(";");
    } else if (cursor.skip(".loc")) {
      for (let i = 0; i < 3; i++) cursor.takeCount();
    } else if (cursor.peek(1) === ":" && word !== undefined) {
      cursor.next();
      cursor.take(":");
      if (cursor.skip(".branchtargets")) targets.set(word, readTargets(cursor));
      else labels.set(word, code.length);
    } else code.push(readInstruction(cursor, resolve, (lines[cursor.line - 1] ?? "").trim()));
  }
  return { registers, variables, code, labels, targets };
}

function readTargets(cursor: Cursor): readonly string[] {
  const labels: string[] = [];
  do labels.push(cursor.next());
  while (cursor.skip(","));
  cursor.take(";");
  return labels;
}

function readRegisters(cursor: Cursor, registers: Map<string, Scalar>, declare: Resolve): void {
  const type = cursor.next().slice(1);
  if (!isScalar(type)) throw cursor.error(`.${type} is no type of a register.`);
  do {
    const name = cursor.next();
    if (cursor.skip("<")) {
      const count = cursor.takeCount();
      cursor.take(">");
      for (let i = 0; i < count; i++) registers.set(declare(`${name}${i}`), type);
    } else registers.set(declare(name), type);
  } while (cursor.skip(","));
  cursor.take(";");
}
