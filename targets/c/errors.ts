// The errors of a file: a number for each sentence.

/** Gives a sentence its number, the same one each time; 0 is no error. */
export interface Errors {
  numberOf(sentence: string): number;
  /** In the order of their numbers, from 1 on. */
  readonly sentences: readonly string[];
}

/** The errors of a file, none so far. */
export function createErrors(): Errors {
  const sentences: string[] = [];
  return {
    numberOf(sentence) {
      if (!sentences.includes(sentence)) sentences.push(sentence);
      return sentences.indexOf(sentence) + 1;
    },
    sentences,
  };
}
