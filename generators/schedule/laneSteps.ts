// A step of a sum with choices in it, as loops over lanes around what lies between them: each choice that is the same for
// all steps is made once for all lanes, and what a lane keeps from one loop to another lies in registers.

import { type Block, type BufferDecl, type NestExpr, type Stmt, variable } from "../ir/nest.ts";
import { expressionsOf, mapExprs, mapOperands, variablesOf, visitBlock } from "../ir/nestWalk.ts";
import { copyBlock, type Fresh } from "./distribution/names.ts";

type Let = Extract<Stmt, { kind: "let" }>;
type Local = Extract<Stmt, { kind: "local" }>;
type If = Extract<Stmt, { kind: "if" }>;

/** What the steps of a loop are written with. */
export interface LaneWriting {
  /** What differs from step to step. */
  readonly varying: ReadonlySet<string>;
  /** Registers of the sums that steps add to, by name. */
  readonly sums: ReadonlyMap<string, BufferDecl>;
  readonly newRegister: (like: string) => BufferDecl;
  /** A loop over lanes around statements of the step. */
  readonly along: (lane: string, body: Block) => Stmt;
  /** What names the step, where `lane` is the lane. */
  readonly nameStep: (lane: string) => Stmt;
  readonly fresh: Fresh;
}

/** Does a step choose, by what all steps share? */
export const hasChoices = (body: Block): boolean => body.some((s) => s.kind === "if");

/** Statements next to each other without a choice, or one choice. */
type Part = If | readonly Exclude<Stmt, If>[];

function partsOf(block: Block): readonly Part[] {
  const parts: (If | Exclude<Stmt, If>[])[] = [];
  for (const s of block) {
    const last = parts.at(-1);
    if (s.kind === "if") parts.push(s);
    else if (Array.isArray(last)) last.push(s);
    else parts.push([s]);
  }
  return parts;
}

/** The numbers that several parts know: their registers. */
function findKept(block: Block, { varying, newRegister }: LaneWriting) {
  const made = new Map<string, Let | Local>();
  const users = new Map<string, Set<Part>>();
  const look = (inside: Block): void => {
    for (const part of partsOf(inside)) {
      if (!Array.isArray(part)) {
        const { then, else: other } = part as If;
        look(then);
        look(other);
        continue;
      }
      for (const s of part as readonly Stmt[]) {
        if (s.kind === "let" || s.kind === "local") made.set(s.name, s);
        const used = expressionsOf(s).flatMap((e) => [...variablesOf(e)]);
        const own = s.kind === "let" || s.kind === "local" || s.kind === "set" ? [s.name] : [];
        for (const name of [...used, ...own])
          users.set(name, (users.get(name) ?? new Set()).add(part));
      }
    }
  };
  look(block);
  const kept = new Map<string, BufferDecl>();
  for (const [name, s] of made) {
    const isKept = s.kind === "local" || (varying.has(name) && (users.get(name)?.size ?? 0) > 1);
    if (isKept && s.type === "f32") kept.set(name, newRegister(name));
  }
  return kept;
}

/** The statements of a step for all lanes. */
export function writeSteps(body: Block, writing: LaneWriting): Block {
  const { varying, sums, along, nameStep, fresh } = writing;
  const kept = new Map([...findKept(body, writing), ...sums]);
  /** Addresses of a step are made anew wherever they are used. */
  const places: Let[] = [];
  visitBlock(body, (s) => {
    if (s.kind === "let" && s.type === "i32" && varying.has(s.name)) places.push(s);
  });
  const name = fresh("lane");
  const lane = variable(name);
  const register = (buffer: BufferDecl): NestExpr => ({
    kind: "load",
    buffer: buffer.name,
    address: lane,
    type: "f32",
    width: 1,
  });
  const inLane = (e: NestExpr): NestExpr => {
    const buffer = e.kind === "var" ? kept.get(e.name) : undefined;
    return buffer ? register(buffer) : mapOperands(e, inLane);
  };
  const store = (name: string, value: NestExpr): Stmt => ({
    kind: "store",
    buffer: kept.get(name)!.name,
    address: lane,
    value: inLane(value),
    width: 1,
  });
  const writeOne = (s: Stmt): Stmt => {
    if (s.kind === "local") return store(s.name, s.init);
    if (s.kind === "set") return store(s.name, s.value);
    if (s.kind === "let" && kept.has(s.name)) return store(s.name, s.value);
    return mapExprs(s, inLane);
  };
  const needed = (statements: readonly Stmt[]): readonly Let[] => {
    const names = new Set(statements.flatMap(expressionsOf).flatMap((e) => [...variablesOf(e)]));
    for (const place of places.toReversed())
      if (names.has(place.name)) for (const name of variablesOf(place.value)) names.add(name);
    return places.filter(({ name }) => names.has(name));
  };
  const write = (block: Block): Block =>
    partsOf(block).flatMap((part): Block => {
      if (!Array.isArray(part)) {
        const choice = part as If;
        return [{ ...choice, then: write(choice.then), else: write(choice.else) }];
      }
      const all = part as readonly Stmt[];
      const isShared = (s: Stmt): boolean => s.kind === "let" && !varying.has(s.name);
      const own = all.filter((s) => !isShared(s) && !places.some((place) => place === s));
      const shared = all.filter(isShared);
      if (own.length === 0) return shared;
      const loop = along(name, [nameStep(name), ...needed(own), ...own.map(writeOne)]);
      return [...shared, ...copyBlock([loop], fresh)];
    });
  return write(body);
}
