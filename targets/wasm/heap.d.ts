/** A memory of WebAssembly. */
export interface Memory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

/** Pieces of a memory. */
export interface Heap {
  readonly memory: Memory;
  /** The address of a new piece; `what` names it where there is no memory for it. */
  allocate(bytes: number, what: string): number;
  release(at: number): void;
}

/** Pieces of a memory, all beyond its first page. */
export function createHeap(memory: Memory): Heap;
