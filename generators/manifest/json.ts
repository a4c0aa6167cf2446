/**
 * JSON to be read in reviews: what fits on a line of 100 columns is on one, and so is all that lies deeper than so
 * many levels.
 */
export function formatJson(value: unknown, levels = Number.POSITIVE_INFINITY, indent = 0): string {
  const flat = JSON.stringify(value, null, 1).replace(/\n */g, " ");
  const isFlat = indent + flat.length <= 98 || indent >= 2 * levels;
  if (isFlat || typeof value !== "object" || value === null) return flat;
  const pad = " ".repeat(indent + 2);
  const items = Array.isArray(value)
    ? value.map((item) => pad + formatJson(item, levels, indent + 2))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(
          ([key, item]) => `${pad}${JSON.stringify(key)}: ${formatJson(item, levels, indent + 2)}`,
        );
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${items.join(",\n")}\n${" ".repeat(indent)}${close}`;
}

/** A manifest as text: one line for each tensor, scalar and step of an entry, which are most of it. */
export const formatManifest = (manifest: unknown): string => `${formatJson(manifest, 10)}\n`;
