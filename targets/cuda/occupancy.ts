// How many blocks of a kernel one multiprocessor runs at once, by NVIDIA's rules: what registers, shared memory,
// warps, block slots and barriers each allow, and which of them is the least.

import type { Architecture } from "./nvcc.ts";

/** What an architecture's multiprocessor holds, and in which portions it hands it out. */
interface Multiprocessor {
  readonly threads: number;
  readonly blocks: number;
  readonly registers: number;
  readonly sharedBytes: number;
  /** Shared memory is handed out in multiples of this. */
  readonly sharedUnit: number;
  /** Shared memory that the driver keeps of each block. */
  readonly reservedBytes: number;
  /** Barriers for each block slot; absent before Hopper, where they limit nothing. */
  readonly barriers?: number;
}

const kibibyte = 1024;

const turing = { registers: 65536, sharedUnit: 256, reservedBytes: 0 };
const ampere = { registers: 65536, sharedUnit: 128, reservedBytes: kibibyte };

// CUDA C++ Programming Guide, compute capabilities; cuda_occupancy.h for units and block slots.
const multiprocessors: Readonly<Record<Architecture, Multiprocessor>> = {
  75: { ...turing, threads: 1024, blocks: 16, sharedBytes: 64 * kibibyte },
  80: { ...ampere, threads: 2048, blocks: 32, sharedBytes: 164 * kibibyte },
  86: { ...ampere, threads: 1536, blocks: 16, sharedBytes: 100 * kibibyte },
  89: { ...ampere, threads: 1536, blocks: 24, sharedBytes: 100 * kibibyte },
  90: { ...ampere, threads: 2048, blocks: 32, sharedBytes: 228 * kibibyte, barriers: 2 },
  100: { ...ampere, threads: 2048, blocks: 32, sharedBytes: 228 * kibibyte, barriers: 2 },
  120: { ...ampere, threads: 1536, blocks: 24, sharedBytes: 100 * kibibyte, barriers: 1 },
};

// The same on all of them.
const warp = 32;
const partitions = 4;
const registersUnit = 256;
const most = { threads: 1024, registers: 256, sharedBytes: 48 * kibibyte } as const;

/** What can limit how many blocks run at once. */
export type Limiter = "registers" | "shared memory" | "warps" | "blocks" | "barriers";

/** What a block of a kernel takes. */
export interface BlockUse {
  readonly threads: number;
  /** Of each thread. */
  readonly registers: number;
  /** Of static arrays. */
  readonly sharedBytes: number;
  readonly barriers: number;
}

/** How full a multiprocessor becomes. */
export interface Occupancy {
  /** Blocks that run at once; 0 where not even one fits. */
  readonly blocks: number;
  readonly warps: number;
  /** Of the warps that the multiprocessor has room for. */
  readonly share: number;
  /** What allows no more, all that do so alike. */
  readonly limiters: readonly Limiter[];
  /** How many blocks each would allow; infinitely many where nothing of it is used. */
  readonly limits: Readonly<Record<Limiter, number>>;
}

const roundUp = (x: number, unit: number): number => Math.ceil(x / unit) * unit;

/** The blocks of `use` that a multiprocessor of an architecture runs at once, and what allows no more. */
export function computeOccupancy(architecture: Architecture, use: BlockUse): Occupancy {
  const has = multiprocessors[architecture];
  const warps = Math.ceil(use.threads / warp);
  const room = has.threads / warp;
  const limits: Readonly<Record<Limiter, number>> = {
    registers: byRegisters(has, use, warps),
    "shared memory": byShared(has, use),
    warps: use.threads > most.threads ? 0 : Math.floor(room / warps),
    blocks: has.blocks,
    barriers: byBarriers(has, use),
  };
  const blocks = Math.min(...Object.values(limits));
  const limiters = (Object.keys(limits) as Limiter[]).filter((name) => limits[name] === blocks);
  return { blocks, warps: blocks * warps, share: (blocks * warps) / room, limiters, limits };
}

/** Registers are given to whole warps, and each quarter of the multiprocessor has its own. */
function byRegisters(has: Multiprocessor, use: BlockUse, warps: number): number {
  const ofWarp = roundUp(use.registers * warp, registersUnit);
  if (use.registers > most.registers) return 0;
  if (ofWarp === 0) return Number.POSITIVE_INFINITY;
  // A launch is refused as if a block's warps filled all quarters alike.
  if (ofWarp * roundUp(warps, partitions) > has.registers) return 0;
  const ofPartition = Math.floor(has.registers / partitions / ofWarp);
  return Math.floor((ofPartition * partitions) / warps);
}

function byShared(has: Multiprocessor, use: BlockUse): number {
  const ofBlock = roundUp(use.sharedBytes + has.reservedBytes, has.sharedUnit);
  if (ofBlock > most.sharedBytes + has.reservedBytes) return 0;
  return ofBlock === 0 ? Number.POSITIVE_INFINITY : Math.floor(has.sharedBytes / ofBlock);
}

function byBarriers(has: Multiprocessor, use: BlockUse): number {
  if (has.barriers === undefined || use.barriers === 0) return Number.POSITIVE_INFINITY;
  return Math.floor((has.blocks * has.barriers) / use.barriers);
}
