// The calls of any operator that are timed, from the words of the command line: layers of networks, or sizes by name.

import { resolve } from "../../targets/js/runtime.js";
import { describeSignature } from "../emit/signature.ts";
import type { Operator } from "../frontend/operator.ts";
import { scalarsOf } from "../ir/kernel.ts";
import { describeCall, makeCall, nameCall } from "../measure/work/general.ts";
import { type Calls, calls, type LayerCall } from "../measure/work/networks.ts";
import type { Choice, Makers } from "../measure/work/operators.ts";
import { messageOf } from "../messages/errors.ts";
import { suggestName } from "../messages/nearest.ts";
import { UsageError, UserError } from "./errors.ts";

/** What is known of an operator's calls: its samples, where no network is. */
function findCalls(operator: Operator): Calls {
  const known = Object.hasOwn(calls, operator.name) ? calls[operator.name] : undefined;
  if (known) return known;
  const samples = operator.samples.map(({ sizes, attrs }): LayerCall => {
    const numbers = Object.entries(attrs).flatMap(([name, value]): [string, number][] => {
      if (typeof value === "number") return [[name, value]];
      if (typeof value !== "object") return [];
      return Object.entries(value).map(([part, one]) => [`${name}.${part}`, Number(one)]);
    });
    return { sizes, attrs: Object.fromEntries(numbers) };
  });
  return { networks: { samples: { source: "what its declaration checks", calls: samples } } };
}

/** The calls of an operator that a choice means, made one at a time. */
export function makeCalls(operator: Operator, choice: Choice): Makers {
  const { shapes, presets, given, offsets, stride } = choice;
  if (stride !== 1)
    throw new UsageError(`--stride is of convolutions; ${operator.name} takes --shape stride=2`);
  const { networks, ...known } = findCalls(operator);
  const usual = Object.values(networks)[0]?.calls[0];
  if (!usual)
    throw new UserError(`${operator.name} has no samples; its meta.samples say what can be timed`);
  const chosen = [
    ...shapes.map((text) => changeCall(operator, usual, text)),
    ...presets.flatMap((name) => callsOf(operator.name, networks, name)),
  ];
  const all = (chosen.length > 0 ? chosen : [usual]).map((call) => ({
    ...call,
    given: [...new Set([...(call.given ?? []), ...given])],
  }));
  return all.map((call) => {
    const described = describeCall(operator, call, known);
    const output = resultOf(operator, described, nameCall(call));
    return () => makeCall(operator, described, output, offsets);
  });
}

/** The shape of the result; sizes and attributes that the operator refuses are refused in its words. */
function resultOf(
  operator: Operator,
  { kernel, shapes, attrs }: ReturnType<typeof describeCall>,
  name: string,
): readonly number[] {
  try {
    const { outputs } = resolve(describeSignature(operator, [kernel]), shapes, attrs);
    const [output, ...others] = Object.values(outputs) as (readonly number[])[];
    if (output !== undefined && others.length === 0) return output;
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    throw new UserError(`--shape ${name} is no call of ${operator.name}: ${messageOf(error)}`);
  }
  throw new UserError(`${operator.name} has several results; calls of one result can be timed`);
}

/** A call with some sizes and numbers of its own: `H=128,W=128,kernel=5`. */
function changeCall(operator: Operator, usual: LayerCall, text: string): LayerCall {
  const sizes: Record<string, number> = { ...usual.sizes };
  const attrs: Record<string, number> = { ...usual.attrs };
  const numbers = operator.attrs.flatMap((attr) => {
    const parts = scalarsOf(attr).map(({ name }) => name);
    return parts.length > 1 ? [attr.name, ...parts] : parts;
  });
  for (const part of text.split(",")) {
    const [name = "", value = ""] = part.split("=", 2).map((word) => word.trim());
    if (!/^-?\d{1,9}(\.\d{1,9})?$/.test(value))
      throw new UsageError(
        `--shape ${text} cannot be read; write sizes and numbers by name, such as ` +
          `${nameCall(usual)}`,
      );
    if (Object.hasOwn(usual.values ?? {}, name) || !isFree(name)) {
      const known = [...Object.keys(usual.sizes), ...numbers];
      const hint = suggestName(name, known);
      throw new UsageError(`--shape of ${operator.name} has no "${name}"; ${hint}`);
    }
    if (Object.hasOwn(sizes, name)) {
      if (!/^[1-9]\d{0,8}$/.test(value))
        throw new UsageError(`--shape ${part.trim()}: a size is a whole number from 1 on`);
      sizes[name] = Number(value);
    } else attrs[name] = Number(value);
  }
  return { ...usual, sizes, attrs };

  function isFree(name: string): boolean {
    return Object.hasOwn(sizes, name) || numbers.includes(name);
  }
}

function callsOf(
  operator: string,
  networks: Calls["networks"],
  name: string,
): readonly LayerCall[] {
  const network = Object.hasOwn(networks, name) ? networks[name] : undefined;
  if (network) return network.calls;
  const known = Object.keys(networks);
  throw new UsageError(`${operator} has no preset "${name}"; ${suggestName(name, known)}`);
}
