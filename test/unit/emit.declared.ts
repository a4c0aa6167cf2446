// A small operator as a kernel, built by hand: y[n, q] = scale * x[n, picked] for 2·G rows.

import { make, select } from "../../generators/ir/build.ts";
import { attr, int, option, size } from "../../generators/ir/expr.ts";
import type { Kernel, TensorDecl } from "../../generators/ir/kernel.ts";

const tensor = (
  name: string,
  dims: readonly (readonly string[])[],
  optional = false,
): TensorDecl => ({ name, dims, type: "data", optional, doc: "" });

export const tensors: readonly TensorDecl[] = [
  tensor("input", [["N"], ["C"], ["H"], ["W"]]),
  tensor("offset", [["N"], ["G", "KH", "2"], ["OH"], ["W"]]),
  tensor("weight", [["KH"], ["C"]]),
  tensor("bias", [["C"]], true),
  tensor("rois", [["R"], ["5"]]),
];

/** The kernel for a choice of optional tensors. It has no stages: only its signature is looked at. */
export const kernelFor = (present: readonly string[]): Kernel => ({
  operator: "pick",
  role: "forward",
  present,
  tensors,
  attrs: [
    { name: "stride", type: "pair", doc: "", default: 1, min: 1 },
    { name: "padding", type: "sides", doc: "", default: 0, min: 0 },
    { name: "scale", type: "real", doc: "" },
    { name: "count", type: "int", doc: "", default: -1, max: 9 },
    { name: "aligned", type: "bool", doc: "", default: false },
    { name: "mode", type: "choice", doc: "", default: "low", values: ["low", "high"] },
  ],
  axes: [
    {
      axis: "OH",
      size: make(
        "add",
        make(
          "idiv",
          make("sub", make("add", size("H"), attr("padding.top", "int")), size("KH")),
          attr("stride.y", "int"),
        ),
        select(make("eq", option("mode"), int(1)), int(2), int(1)),
      ),
    },
  ],
  demands: [
    {
      holds: make("eq", make("mod", size("C"), size("G")), int(0)),
      otherwise: "{C} is no multiple of {G} ({mode}, {aligned}, {stride}, {padding.top})",
    },
  ],
  indices: [{ tensor: "rois", column: 0, axis: "N" }],
  stages: [],
  outputs: [],
  names: new Map(),
  source: { file: "pick.ts", line: 1, column: 1 },
});
