// Which meetings of threads the interpreter of PTX takes for races, by texts of a few instructions.

import { expect, test } from "vitest";
import { runSequence } from "./ptx-vectors.fixtures.ts";

/** The message, or that there is none. Each body begins with the thread's number and the address of 8 own bytes. */
function run(body: string, threads = 64): string {
  try {
    const head = ".shared .align 8 .b8 tile[512];";
    runSequence({ ops: [], section: "", head, body: `${addresses}\n${body}`, threads, gives: [] });
    return "no fault";
  } catch (error) {
    return (error as Error).message;
  }
}

// %r1 own word of the tile, %r2 own half, %r3 own byte, %r4 the next thread's word, %r5 the last thread's but one's
// number of threads away; %p1 is the first thread's, %p2 the last's of two warps.
const addresses = `
mov.u32 %r9, tile; shl.b32 %r8, %tid, 2; add.u32 %r1, %r9, %r8; shl.b32 %r8, %tid, 1; add.u32 %r2, %r9, %r8;
add.u32 %r3, %r9, %tid; xor.b32 %r8, %tid, 1; shl.b32 %r8, %r8, 2; add.u32 %r4, %r9, %r8;
xor.b32 %r8, %tid, 32; shl.b32 %r8, %r8, 2; add.u32 %r5, %r9, %r8;
setp.eq.u32 %p1, %tid, 0; setp.eq.u32 %p2, %tid, 63; mov.b16 %h1, 7; mov.b32 %r7, 7;`;

const fill = "st.shared.b32 [%r1], %tid; bar.sync 0;";

test.each([
  ["own words", "st.shared.b32 [%r1], %tid; ld.shared.b32 %r7, [%r1]; st.shared.b32 [%r1], %r7;"],
  ["own halves of words that are shared", "st.shared.b16 [%r2], %h1; ld.shared.b16 %h2, [%r2];"],
  ["own bytes", "st.shared.u8 [%r3], %h1; ld.shared.u8 %h2, [%r3];"],
  ["reads by all", `${fill} ld.shared.b32 %r7, [tile+4];`],
  [
    "reads by all, a barrier, a write",
    `${fill} ld.shared.b32 %r7, [tile]; bar.sync 0; @%p2 st.shared.b32 [tile], 1;`,
  ],
  ["updates by all", `${fill} red.shared.add.u32 [tile], 1;`],
  [
    "updates by all, a barrier, reads by all",
    `${fill} red.shared.add.u32 [tile], 1; bar.sync 0; ld.shared.b32 %r7, [tile];`,
  ],
  [
    "a load that orders itself beside updates",
    `${fill} red.shared.add.u32 [tile], 1; ld.volatile.shared.b32 %r7, [tile];`,
  ],
  [
    "a neighbour in the warp after a meeting of the warp",
    "st.shared.b32 [%r1], %tid; bar.warp.sync -1; ld.shared.b32 %r7, [%r4];",
  ],
  [
    "words after bytes of them",
    `st.shared.u8 [%r3], %h1; bar.sync 0; ld.shared.b32 %r7, [tile+4]; bar.sync 0; @%p1 st.shared.b32 [tile+4], 1;`,
  ],
  [
    "what was read through another path, of memory that nobody writes",
    "ld.global.nc.u32 %r7, [%in]; ld.global.u32 %r7, [%in];",
  ],
])("no race: %s", (_, body) => {
  expect(run(body)).toBe("no fault");
});

test.each([
  [
    "a neighbour without a barrier",
    "st.shared.b32 [%r1], %tid; ld.shared.b32 %r7, [%r4];",
    /nobody wrote|Race/,
  ],
  [
    "a neighbour of another warp after a meeting of the warp",
    "st.shared.b32 [%r1], %tid; bar.warp.sync -1; ld.shared.b32 %r7, [%r5];",
    /nobody wrote|Race/,
  ],
  [
    "the other half of a word",
    "st.shared.b16 [%r2], %h1; bar.sync 0; @%p1 st.shared.b16 [tile+2], %h1; ld.shared.b16 %h2, [%r2];",
    /Race .*written by .*thread 0 .* and read by .*thread 1 /,
  ],
  [
    "reads by all and a write",
    `${fill} ld.shared.b32 %r7, [tile]; @%p2 st.shared.b32 [tile], 1;`,
    /Race .*read by .* and written by .*thread 63/,
  ],
  [
    "a read by a warp and a write by another",
    `${fill} setp.lt.u32 %p3, %tid, 32; @%p3 ld.shared.b32 %r7, [tile]; @%p2 st.shared.b32 [tile], 1;`,
    /Race .*read by .* and written/,
  ],
  [
    "an update and a read",
    `${fill} red.shared.add.u32 [tile], 1; @%p2 ld.shared.b32 %r7, [tile];`,
    /Race .*updated atomically by .* and read by .*thread 63/,
  ],
  [
    "an update and a write",
    `${fill} red.shared.add.u32 [tile], 1; @%p2 st.shared.b32 [tile], 1;`,
    /Race .*updated atomically by .* and written by .*thread 63/,
  ],
  [
    "a write and an update",
    `${fill} @%p1 st.shared.b32 [tile], 1; red.shared.add.u32 [tile], 1;`,
    /Race .*written by .*thread 0 .* and updated atomically by/,
  ],
  [
    "a load that orders itself beside a plain write",
    `${fill} @%p1 st.shared.b32 [tile], 1; ld.volatile.shared.b32 %r7, [tile];`,
    /Race .*written by .* and read/,
  ],
  ["equal writes", "st.shared.b32 [tile], 1;", /Race .*written by .* and written/],
  [
    "part of a vector",
    `${fill} @%p1 ld.shared.v2.b32 {%r7, %r8}, [tile+8]; @%p2 st.shared.b32 [tile+12], 1;`,
    /Race .*tile\[3\] .*read by .* and written|Race .*tile\[2\] .*read by .* and written/,
  ],
  [
    "reading what one wrote, by a path that nobody may write behind",
    "st.global.b32 [%out], 1; ld.global.nc.b32 %r7, [%out];",
    /by an instruction that promises/,
  ],
  [
    "barriers of different numbers",
    "@%p1 bra $one; bar.sync 0; bra $end; $one: bar.sync 1; $end:",
    /wait for each other for ever/,
  ],
  [
    "a warp that waits for a thread at a barrier",
    "@%p1 bar.sync 0; bar.warp.sync -1;",
    /wait for each other for ever/,
  ],
  [
    "bytes beyond a variable",
    "st.shared.b32 [tile+512], 1;",
    /4 bytes at byte 512 of the shared tile, which has 512 bytes/,
  ],
  ["bytes in front of it", "st.shared.b32 [tile-4], 1;", /in no shared variable|byte -4/],
  [
    "a wild address",
    "mov.b64 %d1, 0x1234; st.global.b32 [%d1], 1;",
    /the address 0x1234 is in no global memory/,
  ],
  [
    "a global address in shared memory's space",
    "cvt.u32.u64 %r7, %out; st.shared.b32 [%r7], 1;",
    /is in no shared variable/,
  ],
  [
    "a misaligned vector",
    `${fill} ld.shared.v2.b32 {%r7, %r8}, [tile+4];`,
    /8 bytes at byte 4 of the shared tile are not aligned/,
  ],
  [
    "local memory that nobody wrote",
    "{ .local .align 4 .b8 depot[8]; st.local.b32 [depot], 1; ld.local.b32 %r7, [depot+4]; }",
    /byte 4 of local memory is read, which nobody wrote/,
  ],
  ["an instruction that stops the kernel", "trap;", /the kernel stops itself/],
])("a fault: %s", (_, body, message) => {
  expect(run(body)).toMatch(message);
});

test.each([
  [
    "a product",
    "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%r10,%r11,%r12,%r13}, {%r7,%r7}, {%r7}, {%r7,%r7,%r7,%r7};",
  ],
  ["a load", `${fill} mov.u32 %r7, tile; ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r10}, [%r7];`],
])("%s of matrices needs a whole warp", (_, body) => {
  expect(run(body)).toBe("no fault");
  expect(run(body, 48)).toMatch(/32 threads share a matrix; this warp has 16, by group 0, thread/);
});
