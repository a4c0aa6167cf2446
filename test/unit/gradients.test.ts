import { describe, expect, test } from "vitest";
import { describeSignature } from "../../generators/emit/signature.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { backwardKernel, describeGradients, gradientsOn } from "../../generators/gradients.ts";
import { gatheredOutputs, selectOutputs, stagesFor } from "../../generators/ir/outputs.ts";
import { targetsByName } from "../../targets/registry.ts";

const open = (name: string) =>
  readOperator(new URL(`../../dsl/ops/${name}.ts`, import.meta.url).pathname);
const deform = open("deform_conv2d");
const { js, gpujs } = targetsByName;
const namesOf = (stages: readonly { readonly name: string }[]) => [
  ...new Set(stages.map(({ name }) => name)),
];

describe("the gradients of an operator", () => {
  test("are derived once, of the tensors that a variant is given", () => {
    const kernel = backwardKernel(deform, ["mask"])!;
    expect(backwardKernel(deform, ["mask"])).toBe(kernel);
    expect(kernel.outputs).toEqual(["grad_input", "grad_offset", "grad_weight", "grad_mask"]);
    expect(backwardKernel({ ...deform, differentiable: ["mask"] }, [])).toBeUndefined();
  });

  test("of a bound operator are those of the declaration, bound", () => {
    const own = { ...backwardKernel(deform, [])!, role: "given" };
    const plain = deform.kernel([]);
    const operator = { ...deform, kernel: () => ({ ...plain }), backward: () => own };
    expect(backwardKernel(operator, [])).toBe(own);
  });

  test("are all that a target can run, or those that are gathers", () => {
    const all = gradientsOn(deform, js);
    expect(all.kernels).toBe(all.whole);
    expect([all.whole.length, all.left]).toEqual([deform.variants.length, []]);
    const some = gradientsOn(deform, gpujs);
    expect(some.left).toEqual(["grad_input"]);
    expect(some.kernels.map(({ outputs }) => outputs.includes("grad_input"))).toEqual(
      deform.variants.map(() => false),
    );
    expect(gradientsOn(open("roi_align"), gpujs)).toMatchObject({
      kernels: [],
      left: ["grad_input"],
    });
    expect(describeGradients(deform, some.kernels)).toMatch(
      /^Gradients of offset, weight, mask, bias\. /,
    );
  });

  test("have a signature of all variants' results, each of which says its own", () => {
    const { whole } = gradientsOn(deform, js);
    const signature = describeSignature(deform, whole);
    expect(signature.operator).toBe("deform_conv2d_backward");
    expect(signature.tensors.at(-1)).toMatchObject({ name: "grad_output", optional: false });
    expect(signature.outputs.map(({ name }) => name)).toEqual(
      expect.arrayContaining(deform.differentiable.map((name) => `grad_${name}`)),
    );
    expect(signature.variants.map(({ outputs }) => outputs.length)).toEqual(
      deform.variants.map((present) => 3 + present.length),
    );
    expect(signature.batches).toEqual(["N"]);
    const boxes = open("roi_align");
    expect(describeSignature(boxes, gradientsOn(boxes, js).whole).batches.toSorted()).toEqual([
      "N",
      "R",
    ]);
  });
});

describe("parts of a kernel", () => {
  const kernel = backwardKernel(deform, ["bias"])!;

  test("are some results with the stages that they need, in order", () => {
    expect(stagesFor(kernel, ["grad_bias"]).map(({ name }) => name)).toEqual(["grad_bias"]);
    const names = namesOf(stagesFor(kernel, ["grad_offset"]));
    expect(names.at(-1)).toBe("grad_offset");
    expect(names).not.toContain("grad_weight");
    const some = selectOutputs(kernel, ["grad_bias", "grad_weight"]);
    expect(some.outputs).toEqual(["grad_weight", "grad_bias"]);
    expect(some.tensors).toBe(kernel.tensors);
    expect(selectOutputs(kernel, kernel.outputs)).toBe(kernel);
  });

  test("that only gather are told from those that add", () => {
    expect(gatheredOutputs(kernel)).toEqual(["grad_offset", "grad_weight", "grad_bias"]);
    const [first] = kernel.stages.filter(({ name }) => name === "grad_input");
    expect(first?.kind).toBe("scatter");
    const renamed = { ...kernel, outputs: ["grad_input"] };
    expect(gatheredOutputs(renamed)).toEqual([]);
  });
});
