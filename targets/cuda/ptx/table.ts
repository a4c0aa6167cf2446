// All instructions that are understood.

import { updating } from "./forms/atomics.ts";
import { comparing } from "./forms/compare.ts";
import { controlling } from "./forms/control.ts";
import { converting } from "./forms/convert.ts";
import { copying } from "./forms/copies.ts";
import { floating } from "./forms/floats.ts";
import { halves } from "./forms/halves.ts";
import { integers } from "./forms/integers.ts";
import { bitwise } from "./forms/logic.ts";
import { matrices } from "./forms/matrix.ts";
import { accessing } from "./forms/memory.ts";
import { moving } from "./forms/move.ts";
import { warps } from "./forms/warps.ts";
import type { Form } from "./forms.ts";
import type { Instruction } from "./syntax.ts";
import { PtxSyntaxError } from "./tokens.ts";

/** The table, by sections of the ISA. */
export const forms: readonly Form[] = [
  ...integers,
  ...floating,
  ...halves,
  ...comparing,
  ...bitwise,
  ...moving,
  ...converting,
  ...accessing,
  ...updating,
  ...copying,
  ...warps,
  ...matrices,
  ...controlling,
];

/** The row of an instruction, with its modifiers by name. */
export interface Found {
  readonly form: Form;
  readonly mods: Readonly<Record<string, string | undefined>>;
}

const byOpcode = new Map<string, Form[]>();
for (const form of forms) byOpcode.set(form.opcode, [...(byOpcode.get(form.opcode) ?? []), form]);

const known = new Map<string, Found>();

/** Finds the row; throws where there is none for just these modifiers. */
export function findForm({ opcode, modifiers, line }: Instruction): Found {
  const name = [opcode, ...modifiers].join(".");
  const before = known.get(name);
  if (before) return before;
  for (const form of byOpcode.get(opcode) ?? []) {
    const mods = form.match(modifiers);
    if (!mods) continue;
    const found = { form, mods };
    known.set(name, found);
    return found;
  }
  throw new PtxSyntaxError(line, `the instruction ${name} is not known.`);
}
