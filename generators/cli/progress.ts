import { SingleBar } from "cli-progress";

/** Long work as its steps are done; always stopped, also when the work fails. */
export interface Progress {
  /** Says that `steps` more are done (1 by default) and what is being done now. */
  readonly advance: (now?: string, steps?: number) => void;
  /** Prints a line that stays, such as a warning, without tearing the bar. */
  readonly note: (line: string) => void;
  readonly stop: () => void;
}

/** Where progress is printed: a terminal, a file or a test. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** How progress is shown. */
export interface ProgressOptions {
  readonly label: string;
  readonly total: number;
  /** With `--json` a program reads along: nothing is printed at all. */
  readonly json?: boolean;
  /** stderr by default, so that results on stdout stay clean. */
  readonly stream?: ProgressStream;
  /** Milliseconds between two plain lines at least. */
  readonly interval?: number;
  readonly now?: () => number;
}

/** Shows progress: a bar on a terminal, plain lines elsewhere, nothing with `json`. */
export function startProgress(options: ProgressOptions): Progress {
  if (options.json === true) return { advance: () => {}, note: () => {}, stop: () => {} };
  const stream = options.stream ?? process.stderr;
  return stream.isTTY === true ? startBar(options, stream) : startLines(options, stream);
}

/** Runs work with progress that is stopped however the work ends. */
export async function withProgress<T>(
  options: ProgressOptions,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = startProgress(options);
  try {
    return await work(progress);
  } finally {
    progress.stop();
  }
}

function startBar({ label, total }: ProgressOptions, stream: ProgressStream): Progress {
  const bar = new SingleBar({
    format: `${label} {bar} {value}/{total} {now}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 30,
    stream,
    clearOnComplete: true,
    // Neither hidden cursor nor signal handlers: after Ctrl-C there is nothing to put right.
    hideCursor: false,
    gracefulExit: false,
  });
  let done = 0;
  let now = "";
  bar.start(total, 0, { now });
  return {
    advance: (next = now, steps = 1) => {
      done += steps;
      now = next;
      bar.update(done, { now });
    },
    note: (line) => {
      // The bar is taken off its line and drawn again below the note.
      bar.stop();
      stream.write(`${line}\n`);
      bar.start(total, done, { now });
    },
    stop: () => bar.stop(),
  };
}

function startLines(options: ProgressOptions, stream: ProgressStream): Progress {
  const { label, total, interval = 5000, now = Date.now } = options;
  let done = 0;
  let printed = now();
  const print = (what: string) => stream.write(`${label}: ${done}/${total}${what}\n`);
  return {
    advance: (what = "", steps = 1) => {
      done += steps;
      if (done < total && now() - printed < interval) return;
      printed = now();
      print(what === "" ? "" : ` ${what}`);
    },
    note: (line) => stream.write(`${line}\n`),
    // The end was printed with the last step; work that ended early says how far it came.
    stop: () => {
      if (done < total) print(" (stopped)");
    },
  };
}
