// The memory of a module, cut into pieces. Plain JavaScript, which is copied into each generated module.

const pageBytes = 65536;
const mostBytes = 65536 * pageBytes;
/** Pieces begin at multiples of this. */
const grain = 64;

function sayBytes(bytes) {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  let shown = bytes;
  for (; shown >= 1024 && at < units.length - 1; at++) shown /= 1024;
  return `${at === 0 ? shown : shown.toFixed(1)} ${units[at]}`;
}

/** Pieces of a memory, all beyond its first page, which holds what threads tell each other. */
export function createHeap(memory) {
  const taken = new Map();
  // In the order of their addresses; no two of them touch.
  let free = [];
  let end = pageBytes;

  const extend = (bytes, what) => {
    const last = free.at(-1);
    const from = last && last.at + last.bytes === end ? last.at : end;
    const needed = from + bytes;
    if (needed > mostBytes)
      throw new RangeError(
        `${what} takes ${sayBytes(bytes)} beside ${sayBytes(from)}; ` +
          `a memory of WebAssembly has at most ${sayBytes(mostBytes)}.`,
      );
    const missing = needed - memory.buffer.byteLength;
    try {
      if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
    } catch {
      throw new RangeError(
        `${what} takes ${sayBytes(bytes)}; the memory, of ${sayBytes(memory.buffer.byteLength)}, ` +
          "cannot grow by that.",
      );
    }
    if (from !== end) free.pop();
    end = needed;
    return from;
  };

  return {
    memory,
    /** The address of a new piece; `what` names it where there is no memory for it. */
    allocate(size, what) {
      const bytes = Math.max(Math.ceil(size / grain), 1) * grain;
      const found = free.findIndex((piece) => piece.bytes >= bytes);
      if (found < 0) {
        const at = extend(bytes, what);
        taken.set(at, bytes);
        return at;
      }
      const piece = free[found];
      if (piece.bytes === bytes) free.splice(found, 1);
      else free[found] = { at: piece.at + bytes, bytes: piece.bytes - bytes };
      taken.set(piece.at, bytes);
      return piece.at;
    },
    release(at) {
      const bytes = taken.get(at);
      if (bytes === undefined) throw new RangeError("This memory was freed already.");
      taken.delete(at);
      const sorted = [...free, { at, bytes }].sort((a, b) => a.at - b.at);
      free = [];
      for (const piece of sorted) {
        const last = free.at(-1);
        if (last && last.at + last.bytes === piece.at) last.bytes += piece.bytes;
        else free.push({ ...piece });
      }
    },
  };
}
