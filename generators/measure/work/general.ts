// Calls of any operator, from its declaration: the sizes of its tensors follow from axes, and elements are drawn by what
// its coordinates are.

import { findMap } from "../../check/arrays.ts";
import { makeAttributes } from "../../check/sizes.ts";
import type { Operator } from "../../frontend/operator.ts";
import { resolveSizes } from "../../ir/interpret.ts";
import { type Kernel, optionValues, type TensorDecl } from "../../ir/kernel.ts";
import type { Calls, LayerCall } from "./networks.ts";
import { drawOffset, type Offsets } from "./offsets.ts";
import { drawCentred, drawCorners, drawShare, type Extent } from "./positions.ts";
import { checkSizes, type Draw, fillArray, startDraw } from "./random.ts";
import type { AttrValue, Tensor, Work } from "./work.ts";

type Numbers = Readonly<Record<string, number>>;

/** A call of an operator, before its elements are drawn. */
export interface Described {
  readonly kernel: Kernel;
  readonly call: LayerCall;
  readonly known: Omit<Calls, "networks">;
  readonly sizes: Numbers;
  /** Attributes by the names that kernels give them. */
  readonly numbers: Numbers;
  /** Attributes as the generated JavaScript takes them. */
  readonly attrs: Readonly<Record<string, AttrValue>>;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/** Sizes and shapes of a call; options have their defaults. */
export function describeCall(
  operator: Operator,
  call: LayerCall,
  known: Omit<Calls, "networks">,
): Described {
  const kernel = operator.kernel(call.given ?? []);
  const given = call.attrs ?? {};
  const options = Object.fromEntries(
    operator.attrs
      .filter(({ type }) => type === "bool" || type === "choice")
      .map((attr) => [attr.name, Math.max(0, optionValues(attr).indexOf(String(attr.default)))]),
  );
  const { attrs: numbers } = makeAttributes(operator.attrs, options, (attr, part) => {
    const name = part === "" ? attr.name : `${attr.name}.${part}`;
    return given[name] ?? given[attr.name] ?? Number(attr.default ?? 0);
  });
  const sizes = resolveSizes(kernel, call.sizes, numbers, options);
  const sizeOf = (axis: string): number => (/^\d/.test(axis) ? Number(axis) : (sizes[axis] ?? 1));
  const shapes = Object.fromEntries(
    kernel.tensors
      .filter(({ name, optional }) => !optional || kernel.present.includes(name))
      .map(({ name, dims }) => [name, dims.map((d) => d.reduce((n, a) => n * sizeOf(a), 1))]),
  );
  const attrs: Record<string, AttrValue> = {};
  for (const { name, type } of operator.attrs) {
    const part = (of: string): number => numbers[`${name}.${of}`]!;
    if (type === "int" || type === "real") attrs[name] = numbers[name]!;
    else if (type === "pair") attrs[name] = [part("y"), part("x")];
    else if (type === "sides")
      attrs[name] = [part("top"), part("left"), part("bottom"), part("right")];
  }
  return { kernel, call, known, sizes, numbers, attrs, shapes };
}

/** The name of a call in results, which `--shape` takes: free sizes, then attributes that were given. */
export const nameCall = ({ sizes, attrs = {}, given = [] }: LayerCall): string =>
  [
    [...Object.entries(sizes), ...Object.entries(attrs)]
      .map(([name, value]) => `${name}=${Number(value.toPrecision(6))}`)
      .join(","),
    ...given,
  ].join(" ");

/** Draws all elements of a call; `output` is the shape of its result. */
export function makeCall(
  operator: Operator,
  described: Described,
  output: readonly number[],
  offsets: Offsets,
): Work {
  const { kernel, call, known, sizes, numbers, attrs, shapes } = described;
  const name = nameCall(call);
  checkSizes(name, { ...shapes, output });
  const draw = startDraw(20170322);
  const signed = () => 2 * draw.uniform() - 1;
  const tensors: Record<string, Tensor> = {};
  for (const tensor of kernel.tensors) {
    const shape = shapes[tensor.name];
    if (shape === undefined) continue;
    const count = shape.reduce((n, size) => n * size, 1);
    const next = elementsOf(described, tensor, offsets, draw) ?? signed;
    tensors[tensor.name] = { shape, data: fillArray(count, next) };
  }
  const size = output.reduce((n, one) => n * one, 1);
  const { each = 0, over = [] } = known.operations ?? {};
  return {
    op: operator.name,
    shape: name,
    tensors,
    attrs,
    numbers: { ...sizes, ...numbers },
    upstream: { shape: output, data: fillArray(size, signed) },
    differentiable: operator.differentiable.filter((one) => tensors[one] !== undefined),
    parameters: [],
    grad: false,
    operations: over.reduce((n, axis) => n * sizes[axis]!, each),
  };
}

/** The elements of a tensor of coordinates one after another; absent for data. */
function elementsOf(
  described: Described,
  tensor: TensorDecl,
  offsets: Offsets,
  draw: Draw,
): (() => number) | undefined {
  const { kernel, call, sizes, numbers } = described;
  const values = call.values?.[tensor.name];
  if (values) {
    let next = 0;
    return () => values[next++ % values.length]!;
  }
  if (tensor.type !== "coord") return undefined;
  const map = findMap(kernel, sizes, numbers);
  if (kernel.indices.some((column) => column.tensor === tensor.name))
    return drawBoxes(described, tensor, map, draw);
  const unit = kernel.units?.find((one) => one.tensor === tensor.name);
  if (unit && "from" in unit) {
    const share = drawShares(described, tensor, map, offsets, draw);
    return () => unit.from + (unit.to - unit.from) * share();
  }
  return () => drawOffset(offsets, draw);
}

/** Rows of boxes: an index where one is, then a box, then what may follow. */
function drawBoxes(
  { kernel, known, sizes }: Described,
  { name, dims }: TensorDecl,
  map: Extent & { readonly unit: number },
  draw: Draw,
): () => number {
  const width = Number(dims.at(-1)!.at(-1));
  const queue: number[] = [];
  return () => {
    if (queue.length === 0) {
      const box = [...(known.centred ? drawCentred : drawCorners)(map, map.unit, draw)];
      for (let c = 0; c < width; c++) {
        const index = kernel.indices.find((one) => one.tensor === name && one.column === c);
        const next = index ? Math.floor(draw.uniform() * sizes[index.axis]!) : box.shift();
        queue.push(next ?? 2 * draw.uniform() - 1);
      }
    }
    return queue.shift()!;
  };
}

/** Shares of a picture, (x, y) in turn, near where the indices of some axes lie on it; else anywhere on it. */
function drawShares(
  { kernel, known, sizes, call }: Described,
  { dims }: TensorDecl,
  map: Extent,
  offsets: Offsets,
  draw: Draw,
): () => number {
  const axes = dims.flat();
  const sizeOf = (axis: string): number => (/^\d/.test(axis) ? Number(axis) : sizes[axis]!);
  const strideOf = (axis: string): number =>
    axes.slice(axes.indexOf(axis) + 1).reduce((n, one) => n * sizeOf(one), 1);
  const levels = kernel.units?.find((unit) => "along" in unit);
  const extents = (levels && call.values?.[levels.tensor]) ?? [map.height, map.width];
  const across = known.across?.filter((axis) => axes.includes(axis)) ?? [];
  let next = 0;
  return () => {
    const i = next++;
    const isRow = i % 2 === 1;
    const along = extents.filter((_, at) => (at % 2 === 0) === isRow);
    const at = (axis: string): number => Math.floor(i / strideOf(axis)) % sizeOf(axis);
    const [first, second] = across;
    let near = draw.uniform();
    if (first !== undefined && second !== undefined) {
      const axis = isRow ? first : second;
      near = (at(axis) + 0.5) / sizeOf(axis);
    } else if (first !== undefined) {
      const columns = Math.ceil(Math.sqrt(sizeOf(first)));
      const place = isRow ? Math.floor(at(first) / columns) : at(first) % columns;
      near = (place + 0.5) / columns;
    }
    return drawShare(near, along, offsets, draw);
  };
}
