/** JSON to be read in reviews: what fits on a line of 100 columns is on one. */
export function formatJson(value: unknown, indent = 0): string {
  const flat = JSON.stringify(value, null, 1).replace(/\n */g, " ");
  if (indent + flat.length <= 98 || typeof value !== "object" || value === null) return flat;
  const pad = " ".repeat(indent + 2);
  const items = Array.isArray(value)
    ? value.map((item) => pad + formatJson(item, indent + 2))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => `${pad}${JSON.stringify(key)}: ${formatJson(item, indent + 2)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${items.join(",\n")}\n${" ".repeat(indent)}${close}`;
}
