// Names that some target's text has a meaning for, in all places where an author chooses names, on all targets.

import { afterAll, describe, expect, test } from "vitest";
import { runnable } from "../../generators/cli/executors.ts";
import { compile } from "../../generators/compile.ts";
import type { Target } from "../../generators/emit/target.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import type { Executor, Program } from "../../targets/contract/program.ts";
import { wgsl } from "../../targets/wgsl/target.ts";
import { validateWithDawn } from "../../targets/wgsl/validate.ts";
import { waysOf } from "./targets.fixtures.ts";

// Keywords and predeclared names of the languages, macros, functions of libraries, and what generated texts define.
const words = `
  register restrict signed unsigned inline auto volatile union main asm typename template mutable operator goto
  alignas co_await requires int32_t size_t wchar_t linux unix NULL INFINITY NAN INT32_MAX EXIT_FAILURE FP_ZERO
  stdin stdout errno malloc memset fabsf isfinite error keeping workspace_bytes lay_out kernel piece
  wants_output load_f32x8 f32x4 f32x8_at sqrt_f32x8 floor_div layout base code memory held stamp each count
  fn override ptr array vec3 vec3u atomic binding_array diagnostic group_base params Params thread_index bitcast
  threadIdx blockDim warpSize atomicAdd float4 dim3 half extern_C
  arguments eval async yield_ prototype hasOwnProperty Infinity Float32Array Math Object entries
  signature axes demands makeResults prepare checkTensors instance exports memory_ worker heap i i2 k t0 element worker
  local param func block loop call i32 f32 result module import_ type get set of from as`
  .trim()
  .split(/\s+/)
  .filter((word, at, all) => all.indexOf(word) === at);

interface Chosen {
  readonly operator: string;
  readonly tensors: readonly string[];
  readonly attrs: readonly string[];
  readonly sizes: readonly [string, string, string];
  readonly local: string;
  readonly optional: string;
}

/** An operator of these names: a product of matrices, doubled in an inner stage, and the sum of all else. */
const declare = ({ operator, tensors, attrs, sizes, local, optional }: Chosen) => {
  const [left, right, ...rest] = tensors;
  const [rows, inner, columns] = sizes;
  const terms = [...rest.map((name) => `t.${name}(x, y)`), ...attrs.map((name) => `a.${name}`)];
  return readOperator({
    path: "names.ts",
    text: `import type { Meta, Tensor } from "warpweave";
import { sum, tensor } from "warpweave";

interface Tensors {
  ${left}: Tensor<"${rows} ${inner}">;
  ${right}: Tensor<"${inner} ${columns}">;
  ${rest.map((name) => `${name}: Tensor<"${rows} ${columns}">;`).join("\n  ")}
  ${optional}?: Tensor<"${columns}">;
}
interface Attrs {
  ${attrs.map((name) => `${name}: number;`).join("\n  ")}
}

export const meta = {
  doc: "Multiplies and adds.",
  attrs: {
    ${attrs.map((name) => `${name}: { type: "real", default: 1, doc: "A number." },`).join("\n    ")}
  },
  differentiable: [],
  variants: [[], ["${optional}"]],
  samples: [{ sizes: { ${sizes.map((name) => `${name}: 2`).join(", ")} } }],
} as const satisfies Meta<Tensors, Attrs>;

export function ${operator}(t: Tensors, a: Attrs) {
  const { ${rows}, ${inner} } = t.${left};
  const { ${columns} } = t.${right};
  const ${local} = tensor([${rows}, ${columns}], (x, y) =>
    2 * sum([${inner}], (z) => t.${left}(x, z) * t.${right}(z, y)));
  return tensor([${rows}, ${columns}], (x, y) =>
    ${local}(x, y) + ${terms.join(" + ")} + (t.${optional} ? t.${optional}(y) : 0));
}
`,
  });
};

/** Words as names of everything that has one. */
function choose(from: number, tensors: number, attrs: number): Chosen {
  const turned = [...words.slice(from), ...words.slice(0, from)];
  const take = (count: number, fits: (word: string) => boolean): string[] => {
    const taken = turned.filter(fits).slice(0, count);
    for (const word of taken) turned.splice(turned.indexOf(word), 1);
    return taken;
  };
  // TypeScript has no function or variable of these names.
  const [operator, first, second, third, local] = take(
    5,
    (word) => !/^(arguments|eval|async)$/.test(word),
  );
  const isFree = (word: string) => !word.startsWith(`${operator}_`);
  return {
    operator: operator!,
    sizes: [first!, second!, third!],
    local: local!,
    optional: take(1, isFree)[0]!,
    tensors: take(tensors, isFree),
    attrs: take(attrs, isFree),
  };
}

const opened: Executor[] = [];
afterAll(async () => {
  for (const executor of opened) await executor.close();
});

/** How many tensors and attributes an operator has, and how many of them there are: devices bind few buffers. */
const few = { tensors: 4, attrs: 6, operators: 4 };
const many = { tensors: 24, attrs: 28, operators: 2 };

/** Operators that have had all words between them. */
const chooseAll = ({ tensors, attrs, operators }: typeof few): readonly Chosen[] =>
  Array.from({ length: operators }, (_, at) =>
    choose(Math.floor((at * words.length) / operators), tensors, attrs),
  );

const programsOf = (chosen: Chosen, target: Target): readonly Program[] =>
  compile(declare(chosen), target, { variants: [[chosen.optional]] }).programs;

// A device in software takes seconds to compile one of these for running it: that its front end does is enough.
test("wgsl compiles", async () => {
  for (const chosen of chooseAll(few))
    for (const { source } of programsOf(chosen, wgsl))
      expect(await validateWithDawn(source), JSON.stringify(chosen)).toEqual([]);
});

const ways = waysOf(runnable.filter((name) => name !== "wgsl"));

describe.each(ways.filter(({ name, target }) => name === target.name))(
  "$name",
  ({ target, open }) => {
    test("computes what operators of any names say", async (context) => {
      const executor = await open();
      if (typeof executor === "string") return context.skip(executor);
      opened.push(executor);
      const { limits } = target;
      for (const chosen of chooseAll(limits.buffers < many.tensors + 2 ? few : many)) {
        const { programs } = compile(declare(chosen), target);
        const program = programs.find(({ entry }) => entry.present.length > 0)!;
        const [left, right, ...rest] = chosen.tensors as [string, string, ...string[]];
        const filled = (elements: number, value: number) => new Float32Array(elements).fill(value);
        const [rows, inner, columns] = chosen.sizes;
        const job = {
          inputs: {
            ...{ [left]: filled(9 * 5, 2), [right]: filled(5 * 17, 3) },
            ...Object.fromEntries(rest.map((tensor, i) => [tensor, filled(9 * 17, i + 1)])),
            [chosen.optional]: Float32Array.from({ length: 17 }, (_, y) => y),
          },
          scalars: {
            ...Object.fromEntries(chosen.attrs.map((attr, i) => [attr, i + 0.5])),
            ...{ [rows]: 9, [inner]: 5, [columns]: 17 },
          },
        };
        const all =
          2 * 5 * 6 + (rest.length * (rest.length + 1)) / 2 + chosen.attrs.length ** 2 / 2;
        const { output } = await executor.run(program, job);
        expect([...output!], JSON.stringify(chosen)).toEqual(
          Array.from({ length: 9 * 17 }, (_, i) => all + (i % 17)),
        );
      }
    }, 60_000);
  },
);
