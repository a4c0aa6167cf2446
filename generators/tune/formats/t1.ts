// T1: the autotuning community's description of a problem.

import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { TuningError } from "../space/error.ts";
import { parametersOf } from "../space/evaluate.ts";
import type { Value } from "../space/expr.ts";
import { printExpr, printValue } from "../space/print.ts";
import type { Parameter, Space } from "../space/space.ts";
import { readExpr, readValues } from "./python.ts";
import { checkSchema } from "./schema.ts";

type Type = "int" | "uint" | "float" | "bool" | "string";

interface TuningParameter {
  readonly Name: string;
  readonly Type: Type;
  readonly Values: string;
  readonly [other: string]: unknown;
}

/** What a file says of the kernel, which a space does not. */
export interface KernelSpecification {
  readonly Language: "OpenCL" | "CUDA" | "Vulkan" | "Hypertuner";
  readonly KernelName: string;
  readonly KernelFile: string;
  readonly GlobalSize: { readonly X: string; readonly Y?: string; readonly Z?: string };
  readonly LocalSize: { readonly X: string; readonly Y?: string; readonly Z?: string };
  readonly [other: string]: unknown;
}

/** A file of the format T1. */
export interface T1 {
  readonly ConfigurationSpace: {
    readonly TuningParameters: readonly TuningParameter[];
    readonly Conditions?: readonly {
      readonly Parameters: readonly string[];
      readonly Expression: string;
    }[];
  };
  readonly KernelSpecification: KernelSpecification;
  readonly [other: string]: unknown;
}

/** The published schema, with examples and formats that are for people. */
function compileSchema() {
  const url = new URL("schemas/T1-1.0.0-input-schema.json", import.meta.url);
  return new Ajv({ strict: false }).compile<T1>(JSON.parse(readFileSync(url, "utf8")));
}
let schema: ReturnType<typeof compileSchema> | undefined;

/** A parsed file as T1, or a sentence about the first thing that is wrong. */
export function checkT1(data: unknown): T1 {
  schema ??= compileSchema();
  return checkSchema(data, schema, "T1");
}

/** The space of a problem. */
export function readT1(file: T1): Space {
  const { TuningParameters, Conditions = [] } = file.ConfigurationSpace;
  return {
    name: file.KernelSpecification.KernelName,
    parameters: TuningParameters.map(readParameter),
    constraints: Conditions.map(({ Expression }) => ({ holds: readExpr(Expression) })),
  };
}

const isOfType: Readonly<Record<Type, (value: Value) => boolean>> = {
  int: Number.isInteger,
  uint: (value) => Number.isInteger(value) && Number(value) >= 0,
  float: (value) => typeof value === "number",
  // Python's truth values are numbers.
  bool: (value) => typeof value === "boolean" || value === 0 || value === 1,
  string: (value) => typeof value === "string",
};

function readParameter({ Name, Type, Values }: TuningParameter): Parameter {
  const values = readValues(Values);
  const wrong = values.find((value) => !isOfType[Type](value));
  if (wrong !== undefined)
    throw new TuningError(`the parameter ${Name} is ${Type}, and ${printValue(wrong)} is not`);
  return { name: Name, values };
}

function typeOf({ name, values }: Parameter): Type {
  if (values.every((value) => typeof value === "boolean")) return "bool";
  if (values.every((value) => typeof value === "string")) return "string";
  if (values.every((value) => Number.isInteger(value))) return "int";
  if (values.every((value) => typeof value === "number")) return "float";
  throw new TuningError(`T1 has no parameters with values of several types, as ${name} has`);
}

/** What is written of a kernel whose file and launch are not known. */
const unknownKernel = (name: string): KernelSpecification => ({
  Language: "Hypertuner",
  KernelName: name,
  KernelFile: "",
  GlobalSize: { X: "1" },
  LocalSize: { X: "1" },
});

/** A space as a problem; reasons of constraints have no place in it. */
export function writeT1(
  { name, parameters, constraints }: Space,
  kernel: KernelSpecification = unknownKernel(name),
): T1 {
  return {
    General: { FormatVersion: 1 },
    ConfigurationSpace: {
      TuningParameters: parameters.map((parameter) => ({
        Name: parameter.name,
        Type: typeOf(parameter),
        Values: `[${parameter.values.map(printValue).join(", ")}]`,
      })),
      Conditions: constraints.map(({ holds }) => ({
        Parameters: [...parametersOf(holds)],
        Expression: printExpr(holds),
      })),
    },
    KernelSpecification: kernel,
  };
}
