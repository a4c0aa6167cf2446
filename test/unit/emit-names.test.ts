// Names that are ordinary to an author and taken in some target's text.

import { afterAll, expect, test } from "vitest";
import { compile } from "../../generators/compile.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import type { Executor, Unavailable } from "../../targets/contract/program.ts";
import { openGpujs } from "../../targets/gpujs/executor.ts";
import { gpujs } from "../../targets/gpujs/target.ts";
import { js } from "../../targets/js/target.ts";

const tensors = ["s", "o", "floor_to_int", "Math", "ceilDiv", "_x", "constructor"];

/** The sum of tensors of these names, moved by an attribute called `main`. */
const declare = (operator: string, names: readonly string[]) =>
  readOperator({
    path: "hostile.ts",
    text: `import type { Meta, Tensor } from "warpweave";
import { floor, mod, tensor } from "warpweave";

interface Tensors { ${names.map((name) => `${name}: Tensor<"N">;`).join(" ")} }
interface Attrs { toString: number }

export const meta = {
  doc: "Adds.",
  attrs: { toString: { type: "real", default: 0.7, doc: "A number." } },
  differentiable: [],
  axes: { M: ({ N }) => N > 3 ? N - mod(N, 2) : N + 1 },
  variants: [[]],
  samples: [{ sizes: { N: 4 } }],
} as const satisfies Meta<Tensors, Attrs>;

export function ${operator}(t: Tensors, { toString: shift }: Attrs, { M }: { M: never }) {
  const { N } = t.${names[0]};
  return tensor([N], (n) => ${names.map((name) => `t.${name}(n)`).join(" + ")} + floor(n * shift));
}
`.replace("{ M: never }", 'import("warpweave").Derived<typeof meta>'),
  });

const operator = declare(
  "main",
  tensors.filter((name) => name !== "_x"),
);
const names = operator.tensors.map(({ name }) => name);
const inputs = Object.fromEntries(names.map((name, i) => [name, new Float32Array(5).fill(i + 1)]));
const scalars = { N: 5, M: 4, toString: 0.7 };
const expected = [0, 0, 1, 2, 2].map((n) => n + 21);

const opened: Executor[] = [];
afterAll(async () => {
  for (const executor of opened) await executor.close();
});
function keep(executor: Executor | Unavailable): Executor {
  if ("unavailable" in executor) throw new Error(executor.unavailable);
  opened.push(executor);
  return executor;
}

test("the public JavaScript function takes tensors by their own names", async () => {
  const text = [...compile(operator, js).files.values()][0]!;
  const module = await import(`data:text/javascript,${encodeURIComponent(text)}`);
  const given = Object.fromEntries(
    Object.entries(inputs).map(([name, data]) => [name, { data, shape: [5] }]),
  );
  expect([...module.main(given).data]).toEqual(expected);
});

test("gpu.js kernels too, of an operator named like a function of the module", async () => {
  const executor = keep(await openGpujs({ mode: "cpu" }));
  const check = declare("check", names);
  const result = await executor.run(compile(check, gpujs).programs[0]!, { inputs, scalars });
  expect([...result.output!]).toEqual(expected);
});
