import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readOperator, readOperators } from "../../generators/frontend/operator.ts";
import { type Expr, kindOf, type Loop, type Reduce } from "../../generators/ir/expr.ts";
import type { Gather, Kernel } from "../../generators/ir/kernel.ts";
import { freeLoops, visit } from "../../generators/ir/walk.ts";

const names = ["conv2d", "deform_conv2d", "roi_pool", "roi_align", "deform_roi_pool"] as const;
const pathOf = (name: string) => new URL(`../../dsl/ops/${name}.ts`, import.meta.url).pathname;
const operators = readOperators(names.map(pathOf));
const operatorOf = (name: (typeof names)[number]) => operators[names.indexOf(name)]!;

const gathers = (kernel: Kernel): readonly Gather[] =>
  kernel.stages.filter((s): s is Gather => s.kind === "gather");
const parts = (kernel: Kernel) => gathers(kernel).flatMap((s) => s.parts);

function collect(roots: readonly Expr[]) {
  const all: Expr[] = [];
  visit(roots, (e) => all.push(e));
  const ops = (name: string) => all.filter((e) => e.kind === "op" && e.op === name);
  const reads = (name: string) => all.filter((e) => e.kind === "read" && e.from === name);
  const reductions = [...new Set(all.flatMap((e): Reduce[] => (e.kind === "part" ? [e.of] : [])))];
  return { all, ops, reads, reductions };
}
const named = (kernel: Kernel, name: string) =>
  [...kernel.names].filter(([, n]) => n === name).map(([key]) => key);

describe("the four operators", () => {
  it("are read as their authors declared them", () => {
    const deform = operatorOf("deform_conv2d");
    expect(deform.name).toBe("deform_conv2d");
    expect(deform.file).toBe("dsl/ops/deform_conv2d.ts");
    expect(deform.notes).toContain("they do not depend on the output channel");
    expect(deform.tensors.map((t) => `${t.name}${t.optional ? "?" : ""}: ${t.type}`)).toEqual([
      "input: data",
      "offset: coord",
      "weight: data",
      "mask?: data",
      "bias?: data",
    ]);
    expect(deform.tensors[1]?.dims).toEqual([["N"], ["G", "KH", "KW", "2"], ["OH"], ["OW"]]);
    expect(deform.tensors[3]?.doc).toBe(
      "A factor for each tap: with it this is v2, the modulated form.",
    );
    expect(deform.derived).toEqual(["groups", "OH", "OW"]);
    expect(deform.attrs.map((a) => a.name)).toEqual([
      "stride",
      "padding",
      "dilation",
      "border",
      "offset_order",
      "edge_grad",
    ]);
    expect(deform.attrs[3]).toMatchObject({ values: ["zeros", "dcnv1"], default: "zeros" });
    expect(operatorOf("roi_align").samples[1]?.attrs).toEqual({
      output_size: { y: 2, x: 3 },
      sampling_ratio: 2,
    });
    expect(operatorOf("roi_pool").indices).toEqual([{ tensor: "rois", column: 0, axis: "N" }]);
  });

  const variants = operators.flatMap((op) => op.variants.map((present) => ({ op, present })));
  it.each(variants)("$op.name has a kernel with $present", ({ op, present }) => {
    const kernel = op.kernel(present);
    expect(kernel.present).toEqual(present);
    expect(kernel.outputs).toEqual(["output"]);
    expect(kernel.stages.at(-1)?.name).toBe("output");
    const given = kernel.tensors.map((t) => t.name);
    expect(given).toEqual(
      op.tensors.filter((t) => !t.optional || present.includes(t.name)).map((t) => t.name),
    );
    const earlier = new Set(given);
    for (const stage of gathers(kernel)) {
      visit(stage.parts, (e) => {
        if (e.kind === "read") expect([...earlier]).toContain(e.from);
        expect(() => kindOf(e)).not.toThrow();
      });
      for (const part of stage.parts)
        for (const l of freeLoops(part)) expect(stage.domain).toContain(l);
      for (const l of stage.domain) expect(Number.isFinite(l.level)).toBe(true);
      earlier.add(stage.name);
    }
    for (const name of present)
      expect(collect(parts(kernel)).reads(name).length).toBeGreaterThan(0);
  });

  it("have the same names and kernels whenever they are read", () => {
    for (const op of operators)
      for (const present of op.variants) {
        // The file as a text is read anew; the file itself is known while nothing in it changes.
        const again = readOperator({ path: op.path, text: readFileSync(op.path, "utf8") });
        const [one, two] = [op.kernel(present), again.kernel(present)];
        expect(two).not.toBe(one);
        expect([...two.names]).toEqual([...one.names]);
        // Expressions are interned, so equal ones are the same objects.
        for (const [i, part] of parts(one).entries()) expect(parts(two)[i]).toBe(part);
        expect(two.axes.map((a) => a.size)).toEqual(one.axes.map((a) => a.size));
      }
  });

  it("are the same objects while no file of theirs changes", () => {
    const path = pathOf("roi_align");
    const text = readFileSync(path, "utf8");
    const first = readOperator(path);
    expect(readOperator(path)).toBe(first);
    const changed = readOperator({ path, text: text.replace("RoI", "Box") });
    expect(changed).not.toBe(first);
    expect(changed.notes + changed.doc).not.toBe(first.notes + first.doc);
    expect(readOperator(path).doc).toBe(first.doc);
  });

  it("are evaluated again without what is absent", () => {
    const [without, with_] = [[], ["bias"]].map((p) => operatorOf("conv2d").kernel(p));
    const output = (k: Kernel | undefined) => gathers(k!)[0]!.parts[0]!;
    // `taps + (bias?.(o) ?? 0)` with nothing to add is the reduction itself.
    expect(output(without).kind).toBe("part");
    expect(output(with_)).toMatchObject({ kind: "op", op: "add" });
  });

  it("have demands that know what is present", () => {
    const [without, with_] = [[], ["offset"]].map((p) => operatorOf("roi_pool").kernel(p));
    expect(without!.demands[0]!.holds).toMatchObject({ kind: "const", type: "bool", value: 1 });
    expect(with_!.demands[0]!.holds).toMatchObject({
      op: "eq",
      args: [
        { kind: "option", name: "reduce" },
        { kind: "const", value: 1 },
      ],
    });
  });
});

describe("sharing", () => {
  it("computes the whole part of a position once for both interpolations", () => {
    const columns = gathers(operatorOf("deform_conv2d").kernel([]))[0]!;
    const { ops, reads } = collect(columns.parts);
    // Two border rules, each with one floor for y and one for x; four corners each.
    expect(ops("floor").length).toBe(4);
    expect(reads("input").length).toBe(8);
    // (dy, dx) in either order.
    expect(reads("offset").length).toBe(4);
  });

  it("makes one object of walks that differ in names only", () => {
    const kernel = operatorOf("roi_align").kernel([]);
    const { reductions } = collect(parts(kernel));
    expect(reductions.map((r) => r.op).sort()).toEqual(["max", "max", "sum"]);
    const [first, ...others] = reductions;
    for (const other of others) expect(other.over).toEqual(first!.over);
    const bodies = new Set(reductions.map((r) => r.bodies[0]));
    expect(bodies.size).toBe(2);
    for (const r of reductions) for (const l of r.over) expect(l.cover).toBe(true);
  });
});

describe("names", () => {
  it("are the author's, of indices and of values", () => {
    const kernel = operatorOf("deform_conv2d").kernel(["mask", "bias"]);
    const loops = (stage: Gather) => stage.domain.map((l) => kernel.names.get(l));
    const [columns, output] = gathers(kernel);
    expect(loops(columns!)).toEqual(["n", "c", "i", "j", "oh", "ow"]);
    expect(loops(output!)).toEqual(["n", "o", "oh", "ow"]);
    expect(named(kernel, "g")).toMatchObject([{ kind: "op", op: "owner" }]);
    expect(named(kernel, "c")).toHaveLength(2);
    const [taps] = collect(output!.parts).reductions;
    expect(taps!.over.map((l: Loop) => kernel.names.get(l))).toEqual(["k", "i", "j"]);
    const member = taps && collect(taps.bodies).ops("member")[0];
    expect(member && kernel.names.get(member)).toBe("c");
  });

  it("cover the walks of functions of the language", () => {
    const kernel = operatorOf("roi_align").kernel([]);
    for (const r of collect(parts(kernel)).reductions)
      expect(r.over.map((l) => kernel.names.get(l))).toEqual(["a", "b"]);
  });
});

describe("kinds", () => {
  it("keep coordinates apart from data", () => {
    const kernel = operatorOf("deform_conv2d").kernel(["mask"]);
    const kinds = (name: string) => named(kernel, name).map((k) => ("kind" in k ? kindOf(k) : ""));
    expect(kinds("y")).toEqual(["coord"]);
    expect(kinds("dy")).toEqual(["coord"]);
    expect(new Set(kinds("low"))).toEqual(new Set(["int"]));
    expect(kinds("value")).toEqual(["acc"]);
    expect(kinds("near").every((k) => k === "bool")).toBe(true);
  });
});
