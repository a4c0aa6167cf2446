// Winners of a convolution in JavaScript, on a machine that is made up.

import { openOperator } from "../../generators/cli/operators.ts";
import { hashKernel } from "../../generators/ir/hash.ts";
import { protocol } from "../../generators/tune/database/record.ts";
import { spaceOf } from "../../generators/tune/kernels/space.ts";
import { hashSpace } from "../../generators/tune/space/hash.ts";
import type { Configuration } from "../../generators/tune/space/space.ts";
import type { Query } from "../../generators/tune/winners/find.ts";
import { bucketOf } from "../../generators/tune/winners/shapes.ts";
import type { Winner } from "../../generators/tune/winners/winner.ts";
import { targetsByName } from "../../targets/registry.ts";

/** The target of these winners. */
export const { js } = targetsByName;
/** Their kernel. */
export const kernel = openOperator("conv2d").kernel([]);
/** Its space. */
export const of = spaceOf(kernel, js);
/** Where they were measured. */
export const device = { device: "a machine", driver: "1.0" };
/** What they hold for. */
export const key = {
  operator: "conv2d",
  role: "forward",
  present: [],
  kernel: hashKernel(kernel),
  space: hashSpace(of.space),
  target: "js",
  threads: 1,
  device,
  dtype: "f32",
  shape: { N: 1, C: 64, H: 56, stride_y: 1 },
  offsets: "normal:2",
  protocol,
} as const;
/** The same, asked for. */
export const query: Query = key;

/** An entry: with a configuration that differs from the default in one parameter, so many times as fast. */
export const winner = (
  changed: Configuration,
  ratio: number,
  own: Partial<Winner["key"]> = {},
  others: readonly (readonly [Configuration, number])[] = [],
): Winner => ({
  key: { ...key, ...own },
  bucket: bucketOf(own.shape ?? key.shape),
  configuration: { ...of.default, ...changed },
  evidence: {
    default: ratio,
    tuned: 1,
    ratio,
    interval: [ratio, ratio],
    date: "2026-11-22",
    ...(others.length > 0 && {
      others: others.map(([configuration, of_]) => ({
        configuration: { ...of.default, ...configuration },
        ratio: of_,
      })),
    }),
  },
});
