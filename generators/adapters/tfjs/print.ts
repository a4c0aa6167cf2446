// Values as JavaScript text: objects and lists on one line where they fit, functions as they are.

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

/** The text of a value that begins at column `column` of a line indented by `indent`. */
export function printValue(value: Printable, indent: number, column: number): string {
  if (typeof value !== "object") return JSON.stringify(value) ?? "undefined";
  if (isCode(value)) return value.code;
  const isList = Array.isArray(value);
  const [open, close] = isList ? ["[", "]"] : ["{ ", " }"];
  const fields: readonly (readonly [string, Printable])[] = isList
    ? (value as readonly Printable[]).map((item) => ["", item])
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [`${nameOf(key)}: `, item as Printable]);
  const flat = fields.map(([key, item]) => key + printAlone(item)).join(", ");
  if (fields.length === 0) return open.trim() + close.trim();
  if (!flat.includes("\n") && column + open.length + flat.length + 3 <= width)
    return open + flat + close;
  const pad = " ".repeat(indent + 2);
  if (isList && flat.length > width && fields.every(([, item]) => isShort(item)))
    return `[\n${fillLines(
      fields.map(([, item]) => printAlone(item)),
      pad,
    )}${pad.slice(2)}]`;
  const lines = fields.map(
    ([key, item]) => `${pad}${key}${printValue(item, indent + 2, indent + 2 + key.length)},\n`,
  );
  return `${open.trim()}\n${lines.join("")}${" ".repeat(indent)}${close.trim()}`;
}
