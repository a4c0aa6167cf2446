// The attributes in `meta`, checked against their TypeScript types.

import type { AttrDecl } from "../ir/kernel.ts";
import { failAt } from "./diagnostics.ts";
import { expect, fieldsOf, type Literal, stringsOf } from "./literals.ts";
import { type AttrForm, attrForms, type Signature } from "./signature.ts";

/** What an attribute is once it is given. */
export type AttrValue =
  | number
  | boolean
  | string
  | { readonly y: number; readonly x: number }
  | {
      readonly top: number;
      readonly left: number;
      readonly bottom: number;
      readonly right: number;
    };

const types: readonly AttrDecl["type"][] = ["int", "real", "pair", "sides", "bool", "choice"];

/** The declared attributes, in the order of `meta`. */
export function readAttrs(literal: Literal, signature: Signature): readonly AttrDecl[] {
  const { fields, node } = expect(literal, "object", "attrs");
  for (const name of signature.attrs.keys())
    if (!fields.has(name))
      failAt("WW153", node.getFirstToken() ?? node, `meta.attrs lacks the attribute ${name}`);
  return [...fields].map(([name, spec]) => {
    const form = signature.attrs.get(name);
    if (form) return readAttr(name, spec, form);
    return failAt("WW153", spec.node, `${signature.name} takes no attribute ${name}`);
  });
}

function readAttr(name: string, spec: Literal, form: AttrForm): AttrDecl {
  const given = expect(spec, "object", name).fields.get("type");
  const typeText = given ? expect(given, "string", `the type of ${name}`).value : "";
  const type = types.find((t) => t === typeText);
  if (!type)
    return failAt("WW152", (given ?? spec).node, `the type of ${name} is ${types.join(", ")}`);
  const allowed: readonly AttrDecl["type"][] = attrForms[form];
  if (!allowed.includes(type))
    return failAt(
      "WW154",
      (given ?? spec).node,
      `${name} is a ${form} in TypeScript, so its type here is ${allowed.join(" or ")}`,
    );
  const doc = (l: Literal) => expect(l, "string", `the doc of ${name}`).value;
  switch (type) {
    case "bool": {
      const f = fieldsOf(spec, name, ["type", "doc", "default"]);
      const on = expect(f.default, "boolean", `the default of ${name}`).value;
      return { name, type, doc: doc(f.doc), default: on };
    }
    case "choice": {
      const f = fieldsOf(spec, name, ["type", "doc", "default", "values"]);
      const values = stringsOf(f.values, `the values of ${name}`).map((s) => s.value);
      const chosen = expect(f.default, "string", `the default of ${name}`);
      if (!values.includes(chosen.value))
        return failAt("WW154", chosen.node, `the default is one of ${values.join(", ")}`);
      return { name, type, doc: doc(f.doc), default: chosen.value, values };
    }
    case "int":
    case "real":
    case "pair":
    case "sides": {
      const f = fieldsOf(spec, name, ["type", "doc", "default?", "min?", "max?"]);
      const number = <Key extends "default" | "min" | "max">(
        l: Literal | undefined,
        key: Key,
      ): { readonly [K in Key]?: number } => {
        if (!l) return {};
        const { value } = expect(l, "number", `the ${key} of ${name}`);
        if (type !== "real" && !Number.isInteger(value))
          return failAt("WW154", l.node, `the ${key} of ${name} is a whole number`);
        return { [key]: value } as { readonly [K in Key]?: number };
      };
      const min = number(f.min, "min");
      const max = number(f.max, "max");
      const range: Range = { ...min, ...max };
      if (range.min !== undefined && range.max !== undefined && range.min > range.max)
        failAt("WW154", (f.max ?? spec).node, `max ${range.max} is below min ${range.min}`);
      const start = number(f.default, "default");
      if (f.default && start.default !== undefined)
        checkRange(`default ${start.default}`, start.default, range, f.default);
      return { name, type, doc: doc(f.doc), ...start, ...range };
    }
    default:
      return type satisfies never;
  }
}

interface Range {
  readonly min?: number;
  readonly max?: number;
}

/** Refuses a number outside its range; `what` is the number as the author knows it. */
function checkRange(what: string, value: number, { min, max }: Range, { node }: Literal): void {
  if (min !== undefined && value < min) failAt("WW154", node, `${what} is below min ${min}`);
  if (max !== undefined && value > max) failAt("WW154", node, `${what} is above max ${max}`);
}

/** A number for every part of a pair or of four sides; anything else is itself. */
export function widen(attr: AttrDecl, value: number | boolean | string): AttrValue {
  if (typeof value !== "number") return value;
  if (attr.type === "pair") return { y: value, x: value };
  if (attr.type === "sides") return { top: value, left: value, bottom: value, right: value };
  return value;
}

/** An attribute's value in `meta`, in the form its type has. */
export function readAttrValue(attr: AttrDecl, literal: Literal): AttrValue {
  const real = (l: Literal): number => {
    const { value } = expect(l, "number", attr.name);
    checkRange(`${attr.name} ${value}`, value, attr, l);
    return value;
  };
  const whole = (l: Literal): number => {
    const value = real(l);
    if (Number.isInteger(value)) return value;
    return failAt("WW154", l.node, `${attr.name} is a whole number`);
  };
  switch (attr.type) {
    case "int":
      return whole(literal);
    case "real":
      return real(literal);
    case "bool":
      return expect(literal, "boolean", attr.name).value;
    case "pair": {
      const f = fieldsOf(literal, attr.name, ["y", "x"]);
      return { y: whole(f.y), x: whole(f.x) };
    }
    case "sides": {
      const f = fieldsOf(literal, attr.name, ["top", "left", "bottom", "right"]);
      return {
        top: whole(f.top),
        left: whole(f.left),
        bottom: whole(f.bottom),
        right: whole(f.right),
      };
    }
    case "choice": {
      const { value } = expect(literal, "string", attr.name);
      if (attr.values?.includes(value)) return value;
      return failAt(
        "WW154",
        literal.node,
        `${attr.name} is one of ${(attr.values ?? []).join(", ")}`,
      );
    }
    default:
      return attr.type satisfies never;
  }
}
