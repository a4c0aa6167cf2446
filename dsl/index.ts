// The language of operator declarations: import from here.

export * from "./aggregation.ts";
export * from "./boxes.ts";
export * from "./core.ts";
export type { Demand, Derived, Levels, Meta, Share, Sizes } from "./meta.ts";
export * from "./sampling.ts";
export { fromData, stage, storedIn, tensor } from "./tensor.ts";
export type {
  Axis,
  Bound,
  Coords,
  Dimension,
  Indices,
  Ix,
  Pos,
  Range,
  Sides,
  Tensor,
  YX,
} from "./types.ts";
