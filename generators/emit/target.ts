// A target is a record: what it spells differently, what it can do, and how its files are framed. The
// printer (generators/emit) asks the record and never which target it is.

import type { Accuracy } from "../../targets/contract/accuracy.ts";
import type { Narrow } from "../../targets/contract/half.ts";
import type { Entry, ScalarInfo, UniformBlock } from "../../targets/contract/program.ts";
import type { Signature } from "../../targets/contract/signature.ts";
import type { Kernel } from "../ir/kernel.ts";
import type {
  AddMode,
  BufferDecl,
  Nest,
  NestOp,
  PlainOp,
  Scalar,
  WarpProduct,
  Width,
} from "../ir/nest.ts";
import type { Plan } from "../ir/plan.ts";
import type { PrintContext } from "./algebra.ts";
import type { Reserved } from "./names.ts";

/** How tightly an expression's outermost operator binds; C, WGSL and JavaScript agree on this order. */
export const level = {
  ternary: 1,
  or: 2,
  and: 3,
  bitor: 4,
  equal: 5,
  compare: 6,
  add: 7,
  mul: 8,
  unary: 9,
  primary: 10,
} as const;

/** A printed expression. A place where a line may be broken is marked; see wrap.ts. */
export interface Text {
  readonly text: string;
  readonly level: number;
  /** An integer that is certainly not negative. */
  readonly natural?: boolean;
  /** The number without its sign, of a negative literal. */
  readonly negated?: Text;
  /** What is added to what, of a sum: `a = a + b` is written `a += b`. */
  readonly sum?: { readonly to: string; readonly of: string };
}

/** How an operation is written for operands of one type. */
export type Form =
  | { readonly kind: "infix"; readonly symbol: string; readonly level: number }
  | { readonly kind: "prefix"; readonly symbol: string }
  /** A function of the language, or one of the target's helpers, which the file then holds. */
  | { readonly kind: "call"; readonly name: string }
  | { readonly kind: "text"; readonly write: (...args: readonly Text[]) => Text };

/** A form for all types, or one for each. */
export type Spelling = Form | ((of: Scalar, args: readonly Text[]) => Form);

/** An operator between its operands. */
export const infix = (symbol: string, at: number): Form => ({ kind: "infix", symbol, level: at });
/** An operator before its operand. */
export const prefix = (symbol: string): Form => ({ kind: "prefix", symbol });
/** A function, of the language or a helper. */
export const call = (name: string): Form => ({ kind: "call", name });

/** A function that a file holds where it is used, with the helpers it calls itself. */
export interface Helper {
  readonly text: string;
  readonly needs?: readonly string[];
}

/** A buffer as the body names it. */
export interface BufferText {
  readonly name: string;
  readonly decl: BufferDecl;
  /** Its elements are atomics, on targets where that is a type. */
  readonly atomic: boolean;
}

/** How a language with vectors writes them; all operands have the lanes of the result. */
export interface VectorForms {
  /** The type of a value of several lanes; undefined where there is none. */
  type(of: Scalar, lanes: Width): string | undefined;
  splat(value: Text, type: Scalar, lanes: Width): Text;
  lane(vector: Text, lane: number, type: Scalar): Text;
  load(buffer: BufferText, address: Text, lanes: Width): Text;
  store(buffer: BufferText, address: Text, value: Text, lanes: Width): string;
  /** An operation on operands of one type; helpers that it needs are asked for. */
  op(op: NestOp, args: readonly Text[], of: Scalar, lanes: Width, need: Scope["need"]): Text;
  cast(to: Scalar, from: Scalar, arg: Text, lanes: Width): Text;
  select(cond: Text, then: Text, otherwise: Text, type: Scalar, lanes: Width): Text;
  define(name: string, type: Scalar, lanes: Width, value: Text, changes: boolean): string;
}

/** What the names of a nest are in the text around its body. */
export interface Scope {
  buffer(decl: BufferDecl): BufferText;
  scalar(name: string): string;
  constant(name: string): string;
  /** Adds a function to the file that is made for it. */
  need(name: string, helper: Helper): void;
}

/** What a target promises of data that it stores in 16 bits. */
export interface Storing {
  /** How far what is stored may be from what was computed, in units in the last place. */
  readonly ulps: number;
  /** The feature that a device must have and that must be enabled. */
  readonly feature?: string;
}

/** Whether work can be bound to threads, and what a nest may use. */
export interface Capabilities {
  /** Groups of threads with barriers and shared memory. */
  readonly groups: boolean;
  readonly atomics: boolean;
  /** A launch may add to what is in a buffer, and not only return elements of its own. */
  readonly updates: boolean;
  readonly f64: boolean;
  /** Types whose products warps compute; none where absent. */
  readonly products?: readonly Narrow[];
  /** Types of 16 bits in which data may be stored, and what storing promises. */
  readonly stores?: Readonly<Partial<Record<Narrow, Storing>>>;
  /** Elements that one load or store may move. */
  readonly widths: readonly Width[];
  /** Lanes of a vector that loops over lanes are written with; 1 where they are written one by one. */
  readonly vectors: Width;
  /** Its compiler writes out loops marked so, and keeps arrays of known places in registers. */
  readonly unrolls?: boolean;
  /** A launch's loop of CPU threads may be shared out. */
  readonly parallel: boolean;
}

/** What every device of the kind offers; a schedule that needs more is refused before printing. */
export interface Limits {
  readonly group: number;
  readonly sharedBytes: number;
  readonly buffers: number;
  /** Vectors that a CPU thread keeps at hand; absent where that is not the schedule's matter. */
  readonly registers?: number;
}

/** A nest that has been printed: its body, indented by one step. */
export interface PrintedNest {
  readonly nest: Nest;
  readonly body: string;
  /** How many groups it needs, over the names of the body. */
  readonly groups: string;
}

/** One entry point: its plan, what the manifest says of it, its launches in the target's text. */
export interface PrintedPlan {
  readonly plan: Plan;
  readonly entry: Entry;
  /** One for each launch, in order. */
  readonly nests: readonly PrintedNest[];
}

/** The number of each buffer throughout a file, and the number after them, of the scalars. */
export interface Bindings {
  readonly buffers: ReadonlyMap<string, number>;
  readonly scalars: number;
}

/** What goes into one file: the variants of one kernel of one operator. */
export interface Unit {
  readonly operator: string;
  readonly role: string;
  readonly signature: Signature;
  /** One for each variant, of one role. */
  readonly kernels: readonly Kernel[];
  /** Where the declaration is, e.g. `dsl/ops/conv2d.ts:57`. */
  readonly source: string;
  /** The schedule's name. */
  readonly schedule: string;
  /** What data are stored as; f32 where this is absent. */
  readonly storage?: Narrow;
  /** One for each kernel. */
  readonly plans: readonly Plan[];
}

/** Everything a template may say about one file. */
export interface PrintedUnit extends Omit<Unit, "plans"> {
  readonly plans: readonly PrintedPlan[];
  readonly bindings: Bindings;
  /** Helper functions that the bodies use, in an order in which each comes after what it calls. */
  readonly helpers: readonly string[];
}

/** A file: its path below the output folder, the template that frames it, and what fills that. */
export interface Framed {
  readonly path: string;
  readonly template: URL;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A language as the shared printer writes it, and what its devices can do. */
export interface Language {
  readonly name: string;
  /** Of the main file, without a dot. */
  readonly extension: string;
  /** The type of a value; undefined where the target has none. */
  readonly types: Readonly<Record<Scalar, string | undefined>>;
  readonly spell: Readonly<Record<PlainOp, Spelling>>;
  /** What a sum in fixed point is as a number; absent on targets whose additions come one after another. */
  readonly total?: Form;
  readonly helpers: Readonly<Record<string, Helper>>;
  /** Absent where a value is one number. */
  readonly vectors?: VectorForms;
  /** Words that cannot be names; a clash gets an underscore. */
  readonly reserved: Reserved;
  readonly capabilities: Capabilities;
  readonly limits: Limits;
  /** What its devices promise of their f32 arithmetic. */
  readonly accuracy: Accuracy;
  /** The number of the group and of the thread in it. */
  readonly index: Readonly<Record<"grid" | "group", string>>;

  literal(value: number, type: Scalar): Text;
  cast(to: Scalar, from: Scalar, arg: Text): Text;
  /** How values of one type become another's, where that is not written as a cast. */
  readonly conversion?: (to: Scalar, from: Scalar) => Form | undefined;
  /** Both sides may be evaluated. */
  select(cond: Text, then: Text, otherwise: Text): Text;
  load(buffer: BufferText, address: Text): Text;
  /** Lines of a definition; `changes` where it is set again later. */
  define(name: string, type: Scalar, value: Text, changes: boolean): string;
  /** A small array of each thread; undefined where it is declared by the frame. */
  array(buffer: BufferText, elements: number): string | undefined;
  /** The head of a loop, up to and with its opening brace. */
  loop(variable: string, lo: Text, hi: Text, unroll: boolean): readonly string[];
  if(cond: Text): string;
  store(buffer: BufferText, address: Text, value: Text): string;
  /** `measure` and `fixed` come to targets whose devices have groups only. */
  accumulate(buffer: BufferText, address: Text, value: Text, mode: AddMode, scope: Scope): string;
  readonly barrier: string;
  /** A product that a warp computes together, at `lane` and the addresses of both factors; absent where there are none. */
  readonly product?: (
    product: WarpProduct,
    buffers: Readonly<Record<"acc" | "f" | "s", BufferText>>,
    at: readonly [lane: Text, f: Text, s: Text],
    scope: Scope,
  ) => string;

  /** What the names of a nest are; `plans` are all of the file. */
  scope(plan: Plan, nest: Nest, plans: readonly Plan[], need: Scope["need"]): Scope;
  /** The function (entry point) that runs a nest. */
  functionName(nest: Nest): string;
  /** The name by which an option's constant is set when the kernel is built. */
  constantName(operator: string, constant: string): string;
  /** The scalars of a launch in order. */
  scalarsOf(plan: Plan, nest: Nest): readonly string[];
  /** The block that holds these scalars, on targets that pass them in one. */
  readonly layOutUniform?: (
    binding: number,
    scalars: readonly Pick<ScalarInfo, "name" | "type">[],
  ) => UniformBlock;
  /** How many groups a launch has: the plan's, or 1 where the function loops itself. */
  readonly loopsInside: boolean;
}

/** A file of bytes that are made of a text. */
export interface Binary {
  readonly path: string;
  /** The path of the text. */
  readonly from: string;
  make(text: string): Promise<Uint8Array>;
}

/** A language and how its files are framed. */
export interface Target extends Language {
  /** The text of a nest's body where it is not as the shared printer writes it: another instance of the fold. */
  readonly print?: (nest: Nest, context: PrintContext) => string;
  frame(unit: PrintedUnit): readonly Framed[];
  /** The files of bytes beside texts with these paths; none where absent. */
  readonly binaries?: (files: ReadonlyMap<string, string>) => readonly Binary[];
}
