// Words and signs of PTX text, with the lines they stand on.

/** A word, a number or a sign. */
export interface Token {
  readonly text: string;
  readonly line: number;
}

/** What is wrong with a text, and in which line. */
export class PtxSyntaxError extends SyntaxError {
  constructor(line: number, message: string) {
    super(`PTX line ${line}: ${message}`);
    this.name = "PtxSyntaxError";
  }
}

const word = /[A-Za-z_$%.](?:[\w$.]|::)*|\d\w*|"[^"\n]*"|[^\s\w]/g;

/** The text without comments, as long as before. */
const blank = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, " "));

/** All tokens of a text. */
export function tokenise(text: string): readonly Token[] {
  return blank(text)
    .split("\n")
    .flatMap((line, at) => [...line.matchAll(word)].map(([t]) => ({ text: t, line: at + 1 })));
}

/** Reads tokens one after another. */
export class Cursor {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** The line of the next token, or of the last. */
  get line(): number {
    return (this.#tokens[this.#at] ?? this.#tokens.at(-1))?.line ?? 1;
  }

  /** The next token, which stays. */
  peek(ahead = 0): string | undefined {
    return this.#tokens[this.#at + ahead]?.text;
  }

  /** The next token. */
  next(): string {
    const token = this.#tokens[this.#at];
    if (!token) throw this.error("the text ends too early.");
    this.#at++;
    return token.text;
  }

  /** Goes on where the next token is this one. */
  skip(text: string): boolean {
    if (this.peek() !== text) return false;
    this.#at++;
    return true;
  }

  /** Goes on; the next token must be this one. */
  take(text: string): void {
    if (!this.skip(text))
      throw this.error(`expected ${text}, found ${this.peek() ?? "the end of the text"}.`);
  }

  /** A whole number, not negative. */
  takeCount(): number {
    const text = this.next();
    if (!/^\d+$/.test(text)) throw this.error(`expected a number, found ${text}.`);
    return Number(text);
  }

  error(message: string): PtxSyntaxError {
    return new PtxSyntaxError(this.line, message);
  }
}
