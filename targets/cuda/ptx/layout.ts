// Where the variables of a kernel lie: those of the file in global memory, those of blocks in the shared window, those
// of threads and the parameters of its functions in local memory.

import type { Memory } from "./memory.ts";
import type { Module, Operand, Routine, Space, Variable } from "./syntax.ts";
import { PtxSyntaxError } from "./tokens.ts";

/** A variable and its address in its own space. */
export interface Placed {
  readonly variable: Variable;
  readonly address: number;
  /** Whether it is a parameter of the kernel itself. */
  readonly entry: boolean;
}

/** All that instructions can name. */
export interface Layout {
  /** A variable as a routine sees it. */
  find(routine: Routine, name: string): Placed | undefined;
  readonly params: readonly (Variable & { readonly offset: number })[];
  readonly paramBytes: number;
  readonly localBytes: number;
}

/** The kernel and the functions that it calls, directly or not. */
export function listRoutines(module: Module, entry: Routine): readonly Routine[] {
  const found = [entry];
  for (const routine of found)
    for (const { opcode, operands, line } of routine.code) {
      if (opcode !== "call") continue;
      const name = nameCalled(operands);
      const called = name === undefined ? undefined : module.routines.get(name);
      if (!called)
        throw new PtxSyntaxError(line, `the function ${name ?? "that is called"} is not here.`);
      if (!found.includes(called)) found.push(called);
    }
  return found;
}

/** The function of a call. */
export function nameCalled(operands: readonly Operand[]): string | undefined {
  const symbol = operands.find((operand) => operand.kind === "symbol");
  return symbol?.kind === "symbol" ? symbol.name : undefined;
}

function place(variables: readonly Variable[]): {
  readonly offsets: number[];
  readonly bytes: number;
} {
  let bytes = 0;
  const offsets = variables.map((variable) => {
    const at = Math.ceil(bytes / variable.align) * variable.align;
    bytes = at + variable.bytes;
    return at;
  });
  return { offsets, bytes };
}

const namesOf = (operand: Operand): readonly string[] => {
  if (operand.kind === "symbol") return [operand.name];
  return operand.kind === "address" && operand.base.kind === "symbol" ? [operand.base.name] : [];
};

/** Lays out what a kernel names; dynamic shared memory has so many bytes. */
export function layOut(
  module: Module,
  routines: readonly Routine[],
  memory: Memory,
  dynamicBytes: number,
): Layout {
  const [entry] = routines;
  const used = new Set(
    routines.flatMap(({ code }) => code.flatMap(({ operands }) => operands.flatMap(namesOf))),
  );
  const own = (space: Space) =>
    routines.flatMap((routine) =>
      routine.variables.filter((variable) => variable.space === space).map((v) => ({ routine, v })),
    );
  const placed = new Map<string, Placed>();
  const key = (routine: Routine | undefined, name: string) => `${routine?.name ?? ""}:${name}`;
  const put = (routine: Routine | undefined, variable: Variable, address: number, param = false) =>
    placed.set(key(routine, variable.name), { variable, address, entry: param });

  for (const variable of module.variables) {
    if (variable.space !== "global" && variable.space !== "const") continue;
    if (!used.has(variable.name)) continue;
    const content = variable.content ?? new Uint8Array(variable.bytes);
    const constant = variable.space === "const";
    put(
      undefined,
      variable,
      memory.allocate(variable.name, variable.bytes, { content, constant }).base,
    );
  }

  const shared = [
    ...module.variables
      .filter(({ space, name }) => space === "shared" && used.has(name))
      .map((v) => ({ routine: undefined, v })),
    ...own("shared"),
  ];
  // All dynamic arrays are one.
  const fixed = shared.filter(({ v }) => !v.extern);
  const dynamic = shared.filter(({ v }) => v.extern);
  const areas = [
    ...fixed.map(({ v }) => ({ name: demangle(v.name), bytes: v.bytes })),
    ...(dynamic.length > 0 ? [{ name: demangle(dynamic[0]!.v.name), bytes: dynamicBytes }] : []),
  ];
  const addresses = memory.layShared(areas);
  for (const [i, { routine, v }] of fixed.entries()) put(routine, v, addresses[i]!);
  for (const { routine, v } of dynamic) put(routine, v, addresses.at(-1)!);

  const params = place(entry!.params);
  for (const [i, variable] of entry!.params.entries())
    put(entry, variable, params.offsets[i]!, true);

  const locals = [
    ...own("local"),
    ...own("param"),
    ...routines
      .slice(1)
      .flatMap((routine) => [...routine.params, ...routine.returns].map((v) => ({ routine, v }))),
  ];
  const local = place(locals.map(({ v }) => v));
  for (const [i, { routine, v }] of locals.entries()) put(routine, v, local.offsets[i]!);

  return {
    find: (routine, name) => placed.get(key(routine, name)) ?? placed.get(key(undefined, name)),
    params: entry!.params.map((variable, i) => ({ ...variable, offset: params.offsets[i]! })),
    paramBytes: params.bytes,
    localBytes: local.bytes,
  };
}

/** A static variable of a function as the source calls it. */
export function demangle(name: string): string {
  const own = /^_ZZ.+E(\d+)(\w+)$/.exec(name);
  return own ? own[2]!.slice(0, Number(own[1])) : name;
}
