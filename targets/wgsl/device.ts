// A GPUDevice with its failures made visible. WebGPU reports most errors aside (error scopes, a
// `lost` promise), so that code which does not ask goes on with invalid objects and no results.

/** Runs GPU calls on a device, turning its reported errors and its loss into rejections. */
export interface GuardedDevice {
  readonly gpu: GPUDevice;
  /** Calls `work` (synchronous GPU calls) and rejects with what the device has to say against it. */
  checked<T>(what: string, work: () => T): Promise<T>;
  /** Waits for `pending`, but rejects as soon as the device is lost. */
  whileAlive<T>(pending: Promise<T>): Promise<T>;
}

/** Watches a device for errors and loss. */
export function guardDevice(gpu: GPUDevice): GuardedDevice {
  // Waiting calls are listed here rather than raced against `lost`: a promise that lives as long as
  // the device would otherwise keep every one of its listeners.
  const waiting = new Set<(error: Error) => void>();
  let lost: Error | undefined;
  void gpu.lost.then(({ reason, message }) => {
    lost = new Error(
      `The GPU device was lost (${reason || "unknown"}): ${message || "no message"}`,
    );
    for (const reject of waiting) reject(lost);
    waiting.clear();
  });

  async function whileAlive<T>(pending: Promise<T>): Promise<T> {
    if (lost) {
      pending.catch(() => {}); // The loss is what gets reported.
      throw lost;
    }
    let reject: ((error: Error) => void) | undefined;
    const loss = new Promise<never>((_, no) => {
      reject = no;
      waiting.add(no);
    });
    try {
      return await Promise.race([pending, loss]);
    } catch (error) {
      throw lost ?? error; // What fails on a lost device fails because of the loss.
    } finally {
      if (reject) waiting.delete(reject);
    }
  }

  async function checked<T>(what: string, work: () => T): Promise<T> {
    if (lost) throw lost;
    const kinds = ["out-of-memory", "validation", "internal"] as const;
    for (const kind of kinds) gpu.pushErrorScope(kind);
    let result: T | undefined;
    let thrown: { readonly error: unknown } | undefined;
    try {
      result = work();
    } catch (error) {
      thrown = { error };
    }
    // All scopes are closed before the first await, or they would catch other callers' errors.
    const reports = kinds.map(() => gpu.popErrorScope());
    const errors = await whileAlive(Promise.all(reports));
    if (thrown) throw thrown.error;
    const error = errors.find((report) => report !== null);
    if (error) throw new Error(`${what}: ${error.message.trim()}`);
    return result as T;
  }

  return { gpu, checked, whileAlive };
}
