// Breaking of long lines. A printed expression holds marks where it may be broken; a line that fits is
// printed on one line, a longer one is broken at its outermost, loosest operators first.

/** A space at which a line may be broken, after an operator of this level; a looser one is broken first. */
export const gapAt = (level: number): string => String.fromCharCode(firstMark + level);

const firstMark = 0xe000;
const lastMark = 0xe0ff;

/** A formula, or a line with some in it, with marks where it may be broken. */
export const breakable = (text: string): string =>
  text
    .replaceAll(" * ", ` *${gapAt(8)}`)
    .replaceAll(" + ", ` +${gapAt(7)}`)
    .replaceAll(" - ", ` -${gapAt(7)}`)
    .replaceAll(" || ", ` ||${gapAt(2)}`)
    .replaceAll(", ", `,${gapAt(1)}`);

/** An assignment; where nothing in `value` can be broken, the value may stand on a line of its own. */
export const assign = (place: string, value: string): string =>
  `${place} =${/[\uE000-\uE0FF]/.test(value) ? " " : gapAt(0)}${value};`;

/** The text on one line. */
export const flatten = (text: string): string => text.replace(/[\uE000-\uE0FF]/g, " ");

interface Mark {
  readonly at: number;
  readonly rank: number;
}

/** Marks with how deep they lie: brackets first, then the operator's level. */
function findMarks(text: string): Mark[] {
  const marks: Mark[] = [];
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= firstMark) {
      if (code <= lastMark) marks.push({ at, rank: depth * 0x100 + (code & 0xff) });
    } else if ("([{".includes(text[at]!)) depth++;
    else if (")]}".includes(text[at]!)) depth--;
  }
  return marks;
}

/** `line`, indented, as lines of at most `width` columns as far as its marks allow. */
export function wrap(line: string, indent: number, width: number, hang = 4): string[] {
  const pad = " ".repeat(indent);
  const flat = flatten(line);
  if (indent + flat.length <= width) return [pad + flat];
  const marks = findMarks(line);
  const rank = Math.min(...marks.map((mark) => mark.rank));
  const pieces: string[] = [];
  let from = 0;
  for (const mark of marks.filter((m) => m.rank === rank)) {
    pieces.push(line.slice(from, mark.at));
    from = mark.at + 1;
  }
  if (pieces.length === 0) return [pad + flat];
  pieces.push(line.slice(from));
  const joint = line[marks.find((m) => m.rank === rank)!.at]!;

  const lines: string[] = [];
  let row = pieces[0]!;
  const start = () => (lines.length === 0 ? indent : indent + hang);
  const finish = () => {
    const broken = wrap(row, start(), width, hang);
    lines.push(...broken);
    return broken.length > 1;
  };
  for (const [at, piece] of pieces.slice(1).entries()) {
    if (start() + flatten(row + joint + piece).length <= width) {
      row += joint + piece;
      continue;
    }
    const broken = finish();
    const behind = `${lines.at(-1)} ${flatten(piece)}`;
    // A short end stands behind a piece that had to be broken itself, not on a line of its own.
    if (broken && at === pieces.length - 2 && behind.length <= width) {
      lines[lines.length - 1] = behind;
      return lines;
    }
    row = piece;
  }
  finish();
  return lines;
}
