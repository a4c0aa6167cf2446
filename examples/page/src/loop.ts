// Computes what was asked for last, again and again, and uses the time when nothing is asked for.

/** What the loop does. */
export interface Work {
  /** Computes what is chosen now; says itself what fails. */
  compute(): Promise<void>;
  /** Whether it is computed again as soon as it is done. */
  isEndless(): boolean;
  /** What can wait until nothing has changed for a while. */
  rest(): Promise<void>;
}

/** One thing at a time. */
export interface Loop {
  /** Computes again; what was asked for meanwhile is computed once. */
  request(): void;
  /** Does something when nothing is computed, else nothing; requests wait until it is done. */
  alone(work: () => Promise<void>): Promise<void>;
  readonly isWanted: boolean;
  readonly isBusy: boolean;
}

/** How long nothing has to change. */
const restMilliseconds = 150;

/** A loop with nothing to do yet. */
export function createLoop({ compute, isEndless, rest }: Work): Loop {
  let wanted = false;
  let running = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function run(): Promise<void> {
    running = true;
    while (wanted) {
      wanted = false;
      await compute();
      await new Promise(requestAnimationFrame);
      if (isEndless()) wanted = true;
    }
    running = false;
    timer = setTimeout(() => void rest(), restMilliseconds);
  }

  return {
    request() {
      wanted = true;
      clearTimeout(timer);
      if (!running) void run();
    },
    async alone(work) {
      if (running || wanted) return;
      running = true;
      try {
        await work();
      } finally {
        running = false;
        if (wanted) void run();
      }
    },
    get isWanted() {
      return wanted;
    },
    get isBusy() {
      return running || wanted;
    },
  };
}
