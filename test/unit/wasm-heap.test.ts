import fc from "fast-check";
import { expect, test } from "vitest";
import { createHeap } from "../../targets/wasm/heap.js";
import { engine } from "./wasm.fixtures.ts";

const page = 65536;

test("pieces lie apart, beyond the first page, and what is freed is used again", () => {
  const step = fc.record({ bytes: fc.nat(5000), release: fc.option(fc.nat(), { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const heap = createHeap(new engine.Memory({ initial: 2, maximum: 64 }));
      const taken: { at: number; bytes: number }[] = [];
      for (const { bytes, release } of steps) {
        if (release !== undefined && taken.length > 0)
          heap.release(taken.splice(release % taken.length, 1)[0]!.at);
        const at = heap.allocate(bytes, "x");
        expect(at % 64).toBe(0);
        expect(at).toBeGreaterThanOrEqual(page);
        expect(at + bytes).toBeLessThanOrEqual(heap.memory.buffer.byteLength);
        for (const other of taken)
          expect(at + bytes <= other.at || other.at + other.bytes <= at).toBe(true);
        taken.push({ at, bytes: Math.max(bytes, 1) });
      }
      for (const { at } of taken) heap.release(at);
      const size = heap.memory.buffer.byteLength;
      expect(heap.allocate(size - page, "all")).toBe(page);
      expect(heap.memory.buffer.byteLength).toBe(size);
    }),
    { numRuns: 50 },
  );
});

test("a memory that cannot grow says what does not fit, and stays as it is", () => {
  const heap = createHeap(new engine.Memory({ initial: 2, maximum: 4 }));
  const at = heap.allocate(page, "first");
  expect(() => heap.allocate(3 * page, "conv2d: output")).toThrow(
    new RangeError(
      "conv2d: output takes 192.0 KiB; the memory, of 128.0 KiB, cannot grow by that.",
    ),
  );
  heap.release(at);
  expect(heap.allocate(3 * page, "conv2d: output")).toBe(page);
  expect(() => heap.release(1)).toThrow("This memory was freed already.");
});

test("more than 32 bits can address is refused by name", () => {
  const heap = createHeap(new engine.Memory({ initial: 1, maximum: 2 }));
  expect(() => heap.allocate(2 ** 32, "conv2d: columns")).toThrow(
    new RangeError(
      "conv2d: columns takes 4.0 GiB beside 64.0 KiB; a memory of WebAssembly has at most 4.0 GiB.",
    ),
  );
});
