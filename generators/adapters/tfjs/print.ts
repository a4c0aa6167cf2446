// Values as JavaScript text: objects and lists on one line where they fit, functions as they are.

import { gapAt, wrap } from "../../emit/wrap.ts";

const width = 100;

/** JavaScript that stands for itself, such as a function. */
export interface Code {
  readonly code: string;
}

/** What can be printed. */
export type Printable =
  | string
  | number
  | boolean
  | undefined
  | Code
  | readonly Printable[]
  | { readonly [name: string]: Printable };

const isCode = (value: object): value is Code => "code" in value;
const nameOf = (key: string): string => (/^[A-Za-z_]\w*$/.test(key) ? key : JSON.stringify(key));

const isShort = (value: Printable): boolean =>
  typeof value !== "object" || (!isCode(value) && printAlone(value).length <= 32);

/** Items one behind the other, as many on a line as fit. */
function fillLines(items: readonly string[], pad: string): string {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && pad.length + last.length + item.length + 2 <= width)
      lines[lines.length - 1] = `${last} ${item},`;
    else lines.push(`${item},`);
  }
  return lines.map((line) => `${pad}${line}\n`).join("");
}

/** Values are asked for their text by everything around them. */
const alone = new WeakMap<object, string>();

function printAlone(value: Printable): string {
  if (typeof value !== "object") return printValue(value, 0, 0);
  const text = alone.get(value) ?? printValue(value, 0, 0);
  alone.set(value, text);
  return text;
}

/** A function on one line, or on more where it is too long. */
function breakCode(line: string, indent: number): string {
  const marked = line
    .replace(" => ", ` =>${gapAt(0)}`)
    .replaceAll(", ", `,${gapAt(1)}`)
    .replace(/ ([+-]) /g, ` $1${gapAt(2)}`)
    .replaceAll(" * ", ` *${gapAt(3)}`);
  return `${wrap(marked, indent, width, 2).join("\n")}\n`;
}

/** The parts of an object or list: what comes before each value, and the value. */
function fieldsOf(value: object): readonly (readonly [string, Printable])[] {
  if (Array.isArray(value)) return (value as readonly Printable[]).map((item) => ["", item]);
  return Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => [`${nameOf(key)}: `, item as Printable]);
}

/** The text of a value on one line. */
function flatten(value: Printable): string {
  if (typeof value !== "object") return JSON.stringify(value) ?? "undefined";
  if (isCode(value)) return value.code;
  const flat = fieldsOf(value)
    .map(([key, item]) => key + flatten(item))
    .join(", ");
  if (Array.isArray(value)) return `[${flat}]`;
  return flat === "" ? "{}" : `{ ${flat} }`;
}

/** The text of a value that begins at column `column` of a line indented by `indent`. */
export function printValue(value: Printable, indent: number, column: number): string {
  const flat = flatten(value);
  if (typeof value !== "object" || isCode(value)) return flat;
  // A comma may follow.
  if (column + flat.length < width && !flat.includes("\n")) return flat;
  const pad = " ".repeat(indent + 2);
  const fields = fieldsOf(value);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const isList = Array.isArray(value) && fields.every(([, item]) => isShort(item));
  const lines = isList
    ? fillLines(
        fields.map(([, item]) => flatten(item)),
        pad,
      )
    : fields
        .map(([key, item]) =>
          typeof item === "object" && isCode(item)
            ? breakCode(`${key}${item.code},`, indent + 2)
            : `${pad}${key}${printValue(item, indent + 2, indent + 2 + key.length)},\n`,
        )
        .join("");
  return `${open}\n${lines}${" ".repeat(indent)}${close}`;
}
