// Golden cases of a PyTorch module whose offsets hold all rows, then all columns.

import type { Array64, Attrs } from "../reference/array.ts";
import { type GoldenCase, pad, revive, type Stored, type StoredTensors } from "./case.ts";

/** A case of module.json. */
export interface ModuleCase {
  readonly name: string;
  readonly padding: number;
  readonly stride: number;
  readonly params: StoredTensors;
  readonly input: Stored;
  readonly offset: Stored;
  readonly mask?: Stored;
  readonly output: Stored;
  readonly grad_output: Stored;
  readonly grads: StoredTensors;
}

/**
 * The module's convolution of resampled blocks is a deformable convolution whose offsets hold all
 * rows, then all columns; the predictor of those offsets is a plain convolution.
 */
export function readModule(source: string, stored: ModuleCase): readonly GoldenCase[] {
  const param = (name: string): Array64 => {
    const found = stored.params[name];
    if (!found) throw new Error(`${stored.name} lacks the parameter ${name}.`);
    return revive(found);
  };
  const attrs: Attrs = {
    stride: { y: stored.stride, x: stored.stride },
    padding: pad(stored.padding, stored.padding),
  };
  const exact = { tolerance: 1e-12, why: "full float64: rounding of sums of 27 terms below 100" };
  const gradient = (name: string): Array64 => {
    const found = stored.grads[name];
    if (!found) throw new Error(`${stored.name} lacks the gradient of ${name}.`);
    return revive(found);
  };
  return [
    {
      name: `module/${stored.name}`,
      source,
      operator: "deform_conv2d",
      inputs: {
        input: revive(stored.input),
        offset: revive(stored.offset),
        weight: param("conv.weight"),
        ...(stored.params["conv.bias"] && { bias: param("conv.bias") }),
        ...(stored.mask && { mask: revive(stored.mask) }),
      },
      attrs: { ...attrs, offset_order: "rows_then_columns" },
      expected: revive(stored.output),
      ...exact,
      // Those of input and predictors belong to the module as a whole, not to this operator.
      gradients: {
        output: revive(stored.grad_output),
        inputs: {
          weight: gradient("conv.weight"),
          ...(stored.params["conv.bias"] && { bias: gradient("conv.bias") }),
        },
      },
    },
    {
      name: `module/${stored.name}_offset_predictor`,
      source,
      operator: "conv2d",
      inputs: {
        input: revive(stored.input),
        weight: param("p_conv.weight"),
        bias: param("p_conv.bias"),
      },
      attrs,
      expected: revive(stored.offset),
      ...exact,
    },
  ];
}
