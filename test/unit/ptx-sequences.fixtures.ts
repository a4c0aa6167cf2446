// Vectors of instructions that have more than a result: memory, carries, branches, threads together.

import { matrixSequences } from "./ptx-matrix.fixtures.ts";
import type { Sequence } from "./ptx-vectors.fixtures.ts";

const move = (name: string) => `Data Movement and Conversion Instructions: ${name}`;
const flow = (name: string) => `Control Flow Instructions: ${name}`;
const sync = (name: string) => `Parallel Synchronization and Communication Instructions: ${name}`;
const carry = (name: string) => `Extended-Precision Integer Arithmetic Instructions: ${name}`;

const store = "st.global.b32 [%out], %r1;";
const store2 = "st.global.v2.b32 [%out], {%r1, %r2};";
const lanes = (f: (lane: number) => readonly [number, number]): number[] =>
  Array.from({ length: 32 }, (_, lane) => f(lane)).flat();

/** Loads and stores; `in` holds 100, 101, … */
const memory: readonly Sequence[] = [
  ...["b32", "u32", "s32"].map((type) => ({
    ops: [`ld.global.${type}`, `st.global.${type}`],
    section: move("ld"),
    body: `ld.global.${type} %r1, [%in+4]; st.global.${type} [%out], %r1;`,
    gives: [101, 0],
  })),
  {
    ops: ["ld.global.f32", "st.global.f32"],
    section: move("ld"),
    body: "ld.global.f32 %r1, [%in]; st.global.f32 [%out+4], %r1;",
    gives: [0, 100],
  },
  ...["f32", "u32"].map((type) => ({
    ops: [`ld.global.nc.${type}`],
    section: move("ld.global.nc"),
    body: `ld.global.nc.${type} %r1, [%in+8]; ${store}`,
    gives: [102, 0],
  })),
  {
    ops: ["ld.global.nc.v2.f32"],
    section: move("ld.global.nc"),
    body: `ld.global.nc.v2.f32 {%r1, %r2}, [%in+8]; ${store2}`,
    gives: [102, 103],
  },
  {
    ops: ["ld.global.nc.v4.f32"],
    section: move("ld.global.nc"),
    body: `ld.global.nc.v4.f32 {%r3, %r1, %r4, %r2}, [%in+16]; ${store2}`,
    gives: [105, 107],
  },
  {
    ops: ["ld.global.v4.u32", "st.global.v2.b32"],
    section: move("ld"),
    body: `ld.global.v4.u32 {%r1, _, %r3, %r2}, [%in]; ${store2}`,
    gives: [100, 103],
  },
  {
    ops: ["ld.global.b64", "st.global.b64"],
    section: move("ld"),
    body: "ld.global.b64 %d1, [%in+8]; st.global.b64 [%out], %d1;",
    gives: [102, 103],
  },
  {
    ops: ["ld.global.u8"],
    section: move("ld"),
    body: "ld.global.u8 %h1, [%in]; st.global.b16 [%out], %h1;",
    gives: [100, 0],
  },
  {
    ops: ["st.global.u8", "ld.global.s8"],
    section: move("st"),
    body: `mov.b16 %h1, 0x1ff; st.global.u8 [%out+4], %h1; ld.global.s8 %r1, [%out+4]; ${store}`,
    gives: [0xffffffff, 255],
  },
  {
    ops: ["ld.global.u16", "st.global.u16"],
    section: move("ld"),
    body: "ld.global.u16 %h1, [%in+4]; st.global.u16 [%out+2], %h1;",
    gives: [101 << 16, 0],
  },
  ...["u16", "b16"].map((type) => ({
    ops: [`ld.global.nc.${type}`, `st.global.${type}`, `ld.shared.${type}`, `st.shared.${type}`],
    section: move("ld.global.nc"),
    head: ".shared .align 2 .b8 tile[4];",
    body: `{ .reg .b16 low, high; ld.global.nc.${type} low, [%in+4]; st.shared.${type} [tile+2], low; ld.shared.${type} high, [tile+2];
st.global.${type} [%out+6], high; .reg .b64 here; mov.b64 here, %out; mov.b32 {high, _}, %tid; st.global.${type} [here], high; }`,
    gives: [0, 101 << 16],
  })),
  {
    ops: ["ld.global.s16"],
    section: move("ld"),
    body: "mov.b32 %r2, 0x8000; st.global.b32 [%out], %r2; ld.global.s16 %r1, [%out]; st.global.b32 [%out], %r1;",
    gives: [0xffff8000, 0],
  },
  {
    ops: ["ld.b32", "st.b32"],
    section: move("ld"),
    body: "ld.b32 %r1, [%in+12]; st.b32 [%out+4], %r1;",
    gives: [0, 103],
  },
  {
    ops: ["ld.volatile.global.b32", "st.volatile.global.b32"],
    section: move("ld"),
    body: "ld.volatile.global.b32 %r1, [%in]; st.volatile.global.b32 [%out], %r1;",
    gives: [100, 0],
  },
  {
    ops: ["ld.relaxed.gpu.global.u32", "st.relaxed.gpu.global.u32"],
    section: move("ld"),
    body: "ld.relaxed.gpu.global.u32 %r1, [%in]; st.relaxed.gpu.global.u32 [%out], %r1;",
    gives: [100, 0],
  },
  {
    ops: ["ldu.global.u32"],
    section: move("ldu"),
    body: `ldu.global.u32 %r1, [%in]; ${store}`,
    gives: [100, 0],
  },
  {
    ops: ["prefetch.global.L1"],
    section: move("prefetch"),
    body: "prefetch.global.L1 [%in];",
    gives: [0, 0],
  },
  {
    ops: ["ld.param.u64", "cvta.to.global.u64"],
    section: move("cvta"),
    body: `ld.param.u64 %d1, [in+0]; cvta.to.global.u64 %d1, %d1; ld.global.u32 %r1, [%d1]; ${store}`,
    gives: [100, 0],
  },
  {
    ops: ["st.shared.b32", "ld.shared.b32", "ld.shared.v2.f32", "cvta.shared.u64", "ld.u32"],
    section: move("cvta"),
    head: ".shared .align 8 .b8 tile[16];",
    body: `mov.u32 %r3, tile; mov.b32 %r4, 7; st.shared.b32 [%r3+8], %r4; st.shared.b32 [tile+12], 9;
ld.shared.v2.f32 {%r1, %r5}, [%r3+8]; mov.u64 %d1, tile; cvta.shared.u64 %d2, %d1; ld.u32 %r2, [%d2+12]; ${store2}`,
    gives: [7, 9],
  },
  ...["f32", "b32", "u32"].map((type) => ({
    ops: [
      `st.shared.${type}`,
      `ld.shared.${type}`,
      ...["v2", "v4"].flatMap((v) => [`st.shared.${v}.${type}`, `ld.shared.${v}.${type}`]),
      `st.global.v4.${type}`,
      `ld.global.nc.v4.${type}`,
    ],
    section: move("st"),
    head: ".shared .align 16 .b8 tile[64];",
    body: `ld.global.nc.v4.${type} {%r3, %r4, %r5, %r6}, [%in]; setp.eq.u32 %p1, %tid, 0;
@%p1 st.shared.v4.${type} [tile+16], {%r6, %r5, %r4, %r3}; @%p1 st.shared.v2.${type} [tile+8], {%r4, %r5};
@%p1 st.shared.${type} [tile], %r3; @%p1 st.shared.${type} [tile+4], %r6; bar.sync 0;
ld.shared.v4.${type} {%r7, %r8, %r9, %r10}, [tile]; ld.shared.v2.${type} {%r11, %r12}, [tile+24]; ld.shared.${type} %r13, [tile+16];
@%p1 st.global.v4.${type} [%out], {%r11, %r12, %r13, %r9}; bar.sync 0; setp.eq.u32 %p2, %tid, 2; @%p2 st.global.v2.b32 [%out], {%r7, %r10};`,
    threads: 3,
    gives: [101, 100, 103, 101, 100, 102],
  })),
  ...["b32", "u32"].map((type) => ({
    ops: [`st.local.${type}`, `ld.local.${type}`],
    section: move("ld"),
    body: `{ .local .align 4 .b8 depot[8]; .reg .b64 %here; mov.u64 %here, depot; st.local.${type} [%here+4], 5;
ld.local.${type} %r1, [depot+4]; ${store} }`,
    gives: [5, 0],
  })),
  {
    ops: ["ld.const.u32"],
    section: move("ld"),
    head: ".const .align 4 .u32 table[3] = {7, 8, 0x9};",
    body: `ld.const.u32 %r1, [table+8]; ${store}`,
    gives: [9, 0],
  },
  {
    ops: ["mov.b32", "mov.b64"],
    section: move("mov"),
    body: `mov.b16 %h1, 1; mov.b16 %h2, 2; mov.b32 %r1, {%h1, %h2}; mov.b64 %d1, {%r1, %r1};
mov.b64 {%r3, %r4}, %d1; mov.b32 {%h3, %h4}, %r4; mov.b64 %d2, {%h3, %h4, %h4, %h3}; st.global.b64 [%out], %d2;`,
    gives: [0x20001, 0x10002],
  },
  {
    ops: [
      "cp.async.ca.shared.global",
      "cp.async.commit_group",
      "cp.async.wait_group",
      "cp.async.wait_all",
    ],
    section: move("cp.async"),
    head: ".shared .align 16 .b8 tile[48];",
    body: `mov.u32 %r3, tile; cp.async.ca.shared.global [%r3], [%in+16], 16; cp.async.commit_group;
mov.b32 %r4, 4; cp.async.ca.shared.global [%r3+16], [%in], 8, %r4; cp.async.commit_group;
cp.async.wait_group 1; ld.shared.b32 %r1, [tile+8]; cp.async.wait_all;
ld.shared.v2.b32 {%r5, %r6}, [tile+16]; add.u32 %r2, %r5, %r6; ${store2}`,
    gives: [106, 100],
  },
];

const atomicOf = (op: string, type: string, old: number, value: string, now: number): Sequence => ({
  ops: [`atom.global.${op}.${type}`],
  section: sync("atom"),
  body: `mov.b32 %r3, ${old}; st.global.b32 [%out], %r3; atom.global.${op}.${type} %r1, [%out], ${value}; st.global.b32 [%out+4], %r1;`,
  gives: [now, old],
});

/** Atomic updates give what was there before. */
const atomics: readonly Sequence[] = [
  atomicOf("add", "u32", 5, "3", 8),
  atomicOf("add", "s32", 5, "-6", 0xffffffff),
  atomicOf("min", "s32", 5, "-1", 0xffffffff),
  atomicOf("max", "u32", 5, "0xffffffff", 0xffffffff),
  atomicOf("and", "b32", 12, "10", 8),
  atomicOf("or", "b32", 12, "10", 14),
  atomicOf("xor", "b32", 12, "10", 6),
  atomicOf("inc", "u32", 5, "5", 0),
  atomicOf("inc", "u32", 4, "5", 5),
  atomicOf("dec", "u32", 0, "5", 5),
  atomicOf("exch", "b32", 5, "9", 9),
  atomicOf("cas", "b32", 5, "5, 9", 9),
  atomicOf("cas", "b32", 5, "6, 9", 5),
  atomicOf("add", "f32", 0x3f800000, "0f40000000", 0x40400000),
  {
    ops: ["atom.global.add.u64"],
    section: sync("atom"),
    body: "mov.b64 %d1, 0xffffffff; st.global.b64 [%out], %d1; atom.global.add.u64 %d2, [%out], 1;",
    gives: [0, 1],
  },
  {
    ops: ["atom.shared.add.f32", "red.shared.add.u32"],
    section: sync("red"),
    head: ".shared .align 4 .b8 sum[8];",
    body: `st.shared.b32 [sum], 0; st.shared.b32 [sum+4], 1; atom.shared.add.f32 %r3, [sum], 0f3F800000; red.shared.add.u32 [sum+4], 2;
ld.shared.b32 %r1, [sum]; ld.shared.b32 %r2, [sum+4]; ${store2}`,
    gives: [0x3f800000, 3],
  },
  {
    ops: ["red.global.add.f32", "red.global.max.u32"],
    section: sync("red"),
    body: "red.global.add.f32 [%out], 0f3F800000; red.global.max.u32 [%out+4], 7;",
    gives: [0x3f800000, 7],
  },
  {
    ops: ["atom.relaxed.gpu.global.add.noftz.f16x2", "red.global.add.noftz.bf16x2"],
    section: sync("atom"),
    body: `mov.b32 %r3, 0x3c004000; atom.relaxed.gpu.global.add.noftz.f16x2 %r1, [%out], %r3;
mov.b32 %r4, 0x3f804000; red.global.add.noftz.bf16x2 [%out+4], %r4; red.global.add.noftz.bf16x2 [%out+4], %r4;`,
    gives: [0x3c004000, 0x40004080],
  },
];

/** Sums of more than 64 bits. */
const carries: readonly Sequence[] = [
  {
    ops: ["add.cc.u32", "addc.u32"],
    section: carry("add.cc"),
    body: `mov.b32 %r3, 0xffffffff; mov.b32 %r4, 2; add.cc.u32 %r1, %r3, 1; addc.u32 %r2, %r4, 3; ${store2}`,
    gives: [0, 6],
  },
  {
    ops: ["sub.cc.u32", "subc.u32", "subc.cc.u32"],
    section: carry("sub.cc"),
    body: `mov.b32 %r3, 0; mov.b32 %r4, 5; sub.cc.u32 %r1, %r3, 1; subc.cc.u32 %r5, %r3, 0; subc.u32 %r2, %r4, 1; ${store2}`,
    gives: [0xffffffff, 3],
  },
  {
    ops: ["mad.lo.cc.u32", "madc.hi.u32"],
    section: carry("mad.cc"),
    body: `mov.b32 %r3, 0xffffffff; mad.lo.cc.u32 %r1, %r3, %r3, %r3; madc.hi.u32 %r2, %r3, %r3, 0; ${store2}`,
    gives: [0, 0xffffffff],
  },
];

/** Where threads go. */
const control: readonly Sequence[] = [
  {
    ops: ["setp.lt.and.f32", "setp.lt.s32"],
    section: "Comparison and Selection Instructions: setp",
    body: `setp.lt.s32 %p1, 2, 1; mov.b32 %r3, 0f3F800000; setp.lt.and.f32 %p2|%p3, %r3, 0f40000000, !%p1;
selp.u32 %r1, 1, 0, %p2; selp.u32 %r2, 1, 0, %p3; ${store2}`,
    gives: [1, 0],
  },
  {
    ops: ["trap"],
    section: "Miscellaneous Instructions: trap",
    body: `setp.ne.u32 %p1, %tid, 0; @%p1 trap; mov.b32 %r1, 3; ${store}`,
    gives: [3, 0],
  },
  {
    ops: ["bra", "bra.uni", "ret"],
    section: flow("bra"),
    body: `mov.b32 %r1, 0; mov.b32 %r2, 0; $again: add.u32 %r1, %r1, 3; add.u32 %r2, %r2, 1; setp.lt.u32 %p1, %r2, 4;
@%p1 bra $again; bra.uni $end; mov.b32 %r1, 99; $end: ${store2}`,
    gives: [12, 4],
  },
  {
    ops: ["brx.idx"],
    section: flow("brx.idx"),
    body: `mov.b32 %r1, 1; targets: .branchtargets $zero, $one; mov.b32 %r3, 1; brx.idx %r3, targets; $zero: mov.b32 %r1, 5; $one: ${store}`,
    gives: [1, 0],
  },
  {
    ops: ["exit"],
    section: flow("exit"),
    body: `setp.eq.u32 %p1, %tid, 0; mov.b32 %r1, 8; @%p1 exit; ${store}`,
    threads: 2,
    gives: [0, 0, 8, 0],
  },
  {
    ops: ["call.uni", "ret", "st.param.b32", "ld.param.b32"],
    section: flow("call"),
    head: `.func (.param .b32 result) twice(.param .b32 value) { .reg .b32 %x; ld.param.b32 %x, [value]; add.u32 %x, %x, %x; st.param.b32 [result], %x; ret; }`,
    body: `{ .param .b32 given; st.param.b32 [given], %tid; .param .b32 back; call.uni (back), twice, (given); ld.param.b32 %r1, [back]; }
{ .param .b32 given; st.param.b32 [given], 20; .param .b32 back; call.uni (back), twice, (given); ld.param.b32 %r2, [back]; } ${store2}`,
    threads: 2,
    gives: [0, 40, 2, 40],
  },
  {
    ops: ["ld.param.u32", "ld.param.f32", "call"],
    section: flow("call"),
    head: `.func (.param .u32 result) pick(.param .f32 first, .param .u32 second) {
.reg .b32 %x; .reg .b32 %y; ld.param.f32 %x, [first]; ld.param.u32 %y, [second]; xor.b32 %x, %x, %y; st.param.b32 [result], %x; ret; }`,
    body: `{ .param .b32 one; .param .b32 two; .param .b32 back; st.param.b32 [one], 0f3F800000; st.param.b32 [two], 5;
call (back), pick, (one, two); ld.param.u32 %r1, [back]; } ${store}`,
    gives: [0x3f800005, 0],
  },
  {
    ops: ["nanosleep.u32", "pmevent", "membar.gl", "fence.acq_rel.gpu"],
    section: sync("membar"),
    body: "membar.gl; fence.acq_rel.gpu; nanosleep.u32 10; pmevent 1;",
    gives: [0, 0],
  },
];

/** Threads together. */
const together: readonly Sequence[] = [
  ...["bar.sync 0;", "barrier.sync 0;"].map((text) => ({
    ops: [text.split(" ")[0]!],
    section: sync("bar"),
    head: ".shared .align 4 .b8 tile[256];",
    body: `mov.u32 %r3, tile; shl.b32 %r4, %tid, 2; add.u32 %r3, %r3, %r4; st.shared.b32 [%r3], %tid; ${text}
xor.b32 %r4, %tid, 63; shl.b32 %r4, %r4, 2; mov.u32 %r3, tile; add.u32 %r3, %r3, %r4; ld.shared.b32 %r1, [%r3]; ${store}`,
    threads: 64,
    gives: Array.from({ length: 64 }, (_, i) => [63 - i, 0]).flat(),
  })),
  {
    ops: ["bar.red.popc.u32", "bar.red.and.pred", "barrier.red.popc.u32", "barrier.red.or.pred"],
    section: sync("bar"),
    body: `setp.lt.u32 %p1, %tid, 3; bar.red.popc.u32 %r1, 0, %p1; bar.red.and.pred %p2, 0, %p1; barrier.red.or.pred %p3, 0, !%p1;
barrier.red.popc.u32 %r4, 0, !%p1; selp.u32 %r2, 1, 0, %p2; selp.u32 %r3, 2, 0, %p3; or.b32 %r2, %r2, %r3; add.u32 %r1, %r1, %r4; ${store2}`,
    threads: 4,
    gives: [4, 2, 4, 2, 4, 2, 4, 2],
  },
  {
    ops: ["shfl.sync.down.b32", "shfl.sync.up.b32"],
    section: move("shfl.sync"),
    body: `shfl.sync.down.b32 %r1, %tid, 3, 31, -1; shfl.sync.up.b32 %r2|%p1, %tid, 2, 0, -1; @!%p1 mov.b32 %r2, 99; ${store2}`,
    threads: 32,
    gives: lanes((i) => [i + 3 < 32 ? i + 3 : i, i >= 2 ? i - 2 : 99]),
  },
  {
    ops: ["shfl.sync.bfly.b32", "shfl.sync.idx.b32"],
    section: move("shfl.sync"),
    // Segments of eight lanes: a mask of 24 above the clamp.
    body: `shfl.sync.bfly.b32 %r1, %tid, 1, 31, -1; shfl.sync.idx.b32 %r2, %tid, 3, 0x181f, -1; ${store2}`,
    threads: 32,
    gives: lanes((i) => [i ^ 1, (i & 24) + 3]),
  },
  {
    ops: ["vote.sync.ballot.b32", "vote.sync.any.pred", "vote.sync.all.pred", "vote.sync.uni.pred"],
    section: sync("vote.sync"),
    body: `setp.lt.u32 %p1, %tid, 4; vote.sync.ballot.b32 %r1, %p1, -1; vote.sync.any.pred %p2, %p1, -1; vote.sync.all.pred %p3, %p1, -1;
vote.sync.uni.pred %p4, %p1, -1; selp.u32 %r3, 1, 0, %p2; selp.u32 %r4, 2, 0, %p3; selp.u32 %r5, 4, 0, %p4; add.u32 %r2, %r3, %r4; add.u32 %r2, %r2, %r5; ${store2}`,
    threads: 32,
    gives: lanes(() => [15, 1]),
  },
  {
    ops: ["redux.sync.add.s32", "redux.sync.or.b32"],
    section: sync("redux.sync"),
    body: `redux.sync.add.s32 %r1, %tid, -1; redux.sync.or.b32 %r2, %tid, -1; ${store2}`,
    threads: 32,
    gives: lanes(() => [496, 31]),
  },
  {
    ops: ["activemask.b32", "bar.warp.sync"],
    section: sync("activemask"),
    body: `mov.b32 %r1, 0; setp.lt.u32 %p1, %tid, 8; @!%p1 bra $end; activemask.b32 %r1; $end: bar.warp.sync -1; ${store}`,
    threads: 32,
    gives: lanes((i) => [i < 8 ? 255 : 0, 0]),
  },
];

/** All of them. */
export const sequences: readonly Sequence[] = [
  ...matrixSequences,
  ...memory,
  ...atomics,
  ...carries,
  ...control,
  ...together,
];
