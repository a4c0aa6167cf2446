// What an executor needs to know of a generated kernel: an entry of the manifest, and the text.
// It is plain data, so that an application (a browser page, a backend written in another
// language) can read it from manifest.json without any part of the compiler.

/** The element types of buffers and scalars. */
export type DType = "f32" | "f16" | "bf16" | "f64" | "i32" | "u32";

/** A size as an integer formula over scalars and constants, e.g. `N * O * ceilDiv(OH * OW, 64)`; see formula.ts. */
export type Formula = string;

/** A tensor argument. `shape` is as callers pass it; `axes` names the parts of each dimension. */
export interface TensorInfo {
  readonly name: string;
  readonly role: "input" | "output";
  readonly dtype: DType;
  readonly axes: readonly (readonly string[])[];
  readonly shape: readonly Formula[];
  /**
   * Of outputs: do equal calls give equal bits? Where they do not, threads add to an element in an order that
   * the device chooses.
   */
  readonly deterministic?: boolean;
}

/** A number passed at launch: an axis' size, or an attribute such as `stride_y`. */
export interface ScalarInfo {
  readonly name: string;
  readonly type: "i32" | "f32";
  readonly from: "size" | "attr";
}

/** A number fixed when the kernel is built (WGSL `override`, C macro, a parameter in JS): an option's choice. */
export interface ConstantInfo {
  readonly name: string;
  readonly option: string;
  readonly values: readonly string[];
  readonly default: number;
}

/** Scratch memory that the executor allocates; its content before the first step is undefined. */
export interface WorkspaceInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly elements: Formula;
  /** Each CPU thread of a launch has so many elements of its own. */
  readonly perWorker?: boolean;
  /**
   * The inputs alone that its content depends on, with scalars and constants: while they stay the same, so does
   * it. Absent where it depends on all, or is changed after it was read.
   */
  readonly from?: readonly string[];
}

/** A buffer as one launch uses it. Bindings are fixed for a file; a launch may use some of them only. */
export interface BufferUse {
  readonly name: string;
  readonly access: "read" | "write" | "update";
  readonly binding: number;
}

/** A number in a uniform block, of 4 bytes, little-endian. */
export interface UniformMember {
  /** The scalar's; the member of the text may end in an underscore more, where a keyword is in the way. */
  readonly name: string;
  readonly type: "i32" | "u32" | "f32";
  /** In bytes. */
  readonly offset: number;
  /** Whether it is a scalar of the call, or the executor's own, for each dispatch. */
  readonly from: "scalar" | "executor";
}

/** The uniform block of a launch, byte for byte. */
export interface UniformBlock {
  readonly binding: number;
  /** Of the whole block: what lies behind the last member is not read. */
  readonly bytes: number;
  readonly members: readonly UniformMember[];
}

/**
 * How often some steps run, one after another, then all again: once for each slab of the work, so that workspaces
 * hold one slab.
 */
export interface RepeatInfo {
  readonly times: Formula;
  /** Numbers of one turn, over those of the call, those before it, and `turn`, which counts from 0. */
  readonly numbers: readonly { readonly name: string; readonly is: Formula }[];
}

/** Runs one function over a grid of groups. */
export interface LaunchStep {
  readonly kind: "launch";
  /** The function (or `@compute` entry point, or `__global__` function) to run. */
  readonly function: string;
  /** Buffers in argument order. */
  readonly buffers: readonly BufferUse[];
  /** Scalars in argument (uniform member) order. */
  readonly scalars: readonly string[];
  /** The binding of the uniform block that holds the scalars, on targets that have bindings. */
  readonly scalarsBinding: number;
  /** That block, on targets that have one. */
  readonly uniform?: UniformBlock;
  /** Threads of a group (block, workgroup). 1 on targets without groups. */
  readonly group: number;
  /** How many groups; 0 launches nothing. Targets without groups loop inside and say 1. */
  readonly groups: Formula;
  /** Bytes of on-chip memory a group uses. */
  readonly sharedBytes: number;
  /** How many pieces of work CPU threads may share out; absent where one thread does all. */
  readonly parallel?: Formula;
  /** Of which of the entry's repetitions it is a part; steps of one follow each other. */
  readonly repeat?: number;
}

/** Sets every element of a buffer to one value. */
export interface FillStep {
  readonly kind: "fill";
  readonly buffer: string;
  readonly value: number;
  /** A constant of the entry: where it is 1, nothing is filled, and what follows adds to what is there. */
  readonly unless?: string;
}

/** What an executor does, one after another. */
export type Step = LaunchStep | FillStep;

/** One callable kernel of a generated file. */
export interface Entry {
  readonly operator: string;
  readonly kernel: string;
  /** Unique within the file; which optional tensors it takes, e.g. `deform_conv2d_mask_bias`. */
  readonly name: string;
  readonly present: readonly string[];
  readonly tensors: readonly TensorInfo[];
  readonly scalars: readonly ScalarInfo[];
  readonly constants: readonly ConstantInfo[];
  /**
   * The one of them that says whether launches overwrite outputs (0) or add to what is in them (1); absent
   * where they can only be overwritten.
   */
  readonly accumulate?: string;
  readonly workspaces: readonly WorkspaceInfo[];
  /** Sizes that are not read off a shape but computed, in order: output axes. */
  readonly sizes: readonly { readonly name: string; readonly is: Formula }[];
  /** The most that whole numbers of the kernel become; a call for which one is beyond 2^31 - 1 is refused. */
  readonly bounds?: readonly Formula[];
  readonly steps: readonly Step[];
  /** Absent where each step runs once. */
  readonly repeats?: readonly RepeatInfo[];
}

/** A kernel ready to run: its description and the generated text that holds it. */
export interface Program {
  readonly entry: Entry;
  readonly source: string;
}

/** The elements of a tensor in row-major order; Uint16Array holds the patterns of f16 and bf16. */
export type Data = Float32Array | Float64Array | Int32Array | Uint32Array | Uint16Array;

/** One execution: inputs by tensor name, every scalar by name, constants by name (default where absent). */
export interface Job {
  readonly inputs: Readonly<Record<string, Data>>;
  readonly scalars: Readonly<Record<string, number>>;
  readonly constants?: Readonly<Record<string, number>>;
  /** The outputs to compute, by name; all by default. Steps that only others need are not run. */
  readonly wanted?: readonly string[];
  /** Outputs to add to, with what they hold: they come back as new arrays, with the results added. */
  readonly initial?: Readonly<Record<string, Data>>;
  /**
   * Inputs that all runs of a prepared call take as they are when it is prepared, such as weights: what depends on
   * them alone is computed then, and changes of the arrays are not seen.
   */
  readonly constant?: readonly string[];
  /** Of a prepared call: outputs lie between guards, so that `damaged` finds what is written beside them. */
  readonly guarded?: true;
}

/** What ran where; printed beside every result. There are no silent fallbacks. */
export interface Device {
  readonly target: string;
  /** e.g. "SwiftShader Device (LLVM 16)", "Node 20.20.2 (V8 11.3)", "host simulation (g++ 12.2)". */
  readonly device: string;
  readonly driver: string;
  /** The optional features that it has and that are enabled. */
  readonly features?: readonly string[];
  /** What groups of threads may take, by the names that its interface has for it. */
  readonly limits?: Readonly<Record<string, number>>;
  /** True where the device is real hardware of the target's kind (a GPU for cuda and wgsl). */
  readonly hardware: boolean;
  /** True where a GPU's threads are imitated one by one to check them: times say nothing then. */
  readonly simulation?: boolean;
}

/** A call that is ready to run again and again: built, its memory allocated, its inputs on the device. */
export interface Prepared {
  /** Runs all steps to their end; nothing is built, allocated or copied to or from the device. */
  run(): Promise<void>;
  /** The same; the milliseconds that it took by the device's own clock, on devices that have one. */
  time?(): Promise<number>;
  /** The outputs of the last run by name; the next run may overwrite them. */
  read(): Promise<Record<string, Data>>;
  /** Fills outputs, and workspaces where they are the call's own, with NaN: what the next run leaves out is seen. */
  poison?(): Promise<void>;
  /** Of a guarded call: inputs that are not as they were, and outputs beside which something was written. */
  damaged?(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Runs programs of one target on one device. */
export interface Executor {
  readonly device: Device;
  /** Outputs by name. Rejects with a plain sentence when a limit of the device is exceeded. */
  run(program: Program, job: Job): Promise<Record<string, Data>>;
  /** Builds what a job needs, so that running it does not: where a compiler takes its time. */
  build?(program: Program, job: Job): Promise<void>;
  /** Executes a job in further ways, or not at all: for `check`, which holds each result to the same bounds. */
  runAgain?(program: Program, job: Job): Promise<readonly FurtherRun[]>;
  /** The same in two steps, on executors that can keep a call on their device. */
  prepare?(program: Program, job: Job): Promise<Prepared>;
  /** The least milliseconds that the clock of prepared calls tells apart, measured; absent where they have none. */
  measureClock?(): Promise<number>;
  /** Whether those compute what depends on constant inputs alone only once; others do it in each run. */
  readonly keepsConstant?: true;
  close(): Promise<void>;
}

/** Another execution of a job, and by what. */
export interface FurtherRun {
  readonly by: string;
  readonly outputs: Readonly<Record<string, Data>>;
}

/** Why a target cannot run here, and what would make it run. */
export interface Unavailable {
  readonly target: string;
  readonly unavailable: string;
  readonly install?: string;
}
