// Threads that end while others wait for them.

import { expect, test } from "vitest";
import { assemble } from "../../targets/wasm/assemble.ts";
import { callShared, closeEngine, openEngine } from "../../targets/wasm/engine.js";

/** 60 iterations of so many steps each, which leave their numbers from 1 on behind the first page. */
const text = `(module
  (import "env" "memory" (memory 2 65536))
  (func (export "count") (param $steps i32) (param $from i32) (param $to i32) (result i32)
    (local $step i32)
    (if (i32.ge_s (local.get $from) (i32.const 60)) (then (return (i32.const 0))))
    (loop $next
      (local.set $step (i32.const 0))
      (loop $more
        (local.set $step (i32.add (local.get $step) (i32.const 1)))
        (br_if $more (i32.lt_s (local.get $step) (local.get $steps))))
      (i32.store
        (i32.add (i32.const 65536) (i32.shl (local.get $from) (i32.const 2)))
        (i32.add (local.get $from) (i32.const 1)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br_if $next
        (i32.and
          (i32.lt_s (local.get $from) (local.get $to))
          (i32.lt_s (local.get $from) (i32.const 60)))))
    (i32.const 1)))`;

test("a call that loses a thread says so, and the next one does without it", async () => {
  const engine = await openEngine(await assemble(text), { threads: 3 });
  expect([engine.threads, engine.why]).toEqual([3, undefined]);
  const count = (steps: number): readonly number[] => {
    const found = new Int32Array(engine.memory.buffer, 65536, 60).fill(0);
    callShared(engine, "count", [steps], [0]);
    return [...found];
  };
  const all = Array.from({ length: 60 }, (_, i) => i + 1);
  expect(count(1)).toEqual(all);
  engine.ends[0]!();
  // One call of a second or more: a thread that ends between calls would not be missed.
  expect(() => count(60_000_000)).toThrow(
    "A thread of count ended during the call, which is not complete; call again.",
  );
  expect(count(1)).toEqual(all);
  engine.ends[1]!();
  await expect
    .poll(() => {
      try {
        return count(1_000_000);
      } catch (error) {
        return String(error);
      }
    })
    .toEqual(all);
  await closeEngine(engine);
  expect(count(1)).toEqual(all);
});
