// What a suite is to the runner.

/** What a suite found: text for people, data for results/. */
export interface Outcome {
  readonly text: string;
  readonly data: unknown;
}

/** A set of measurements under one name. */
export interface Suite {
  readonly name: string;
  readonly doc: string;
  run(tell: (line: string) => void): Promise<Outcome>;
}
