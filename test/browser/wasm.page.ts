// In the page: a generated module of WebAssembly, imported from its text and called as an application would.

interface Call {
  readonly text: string;
  readonly source: Uint8Array;
  readonly operator: string;
  readonly threads: number;
  /** Whether the page is to be as one that may not share memory. */
  readonly apart: boolean;
  readonly tensors: object;
  readonly attributes: object;
}

interface Loaded {
  readonly threads: number;
  readonly relaxed: boolean;
  readonly why: string | undefined;
  close(): Promise<void>;
}

type Operators = Readonly<Record<string, (tensors: object, attributes: object) => unknown>>;
type Module = { load(options: object): Promise<Loaded & Operators> };

/** Loads a module, calls its operator many times, and gives the last result and how it ran. */
export default async function call(of: Call): Promise<unknown> {
  const { text, source, operator, threads, apart, tensors, attributes } = of;
  const own = globalThis as { SharedArrayBuffer?: unknown };
  const shared = own.SharedArrayBuffer;
  if (apart) own.SharedArrayBuffer = undefined;
  try {
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    const { load } = (await import(url)) as Module;
    const loaded = await load({ source, threads });
    let result: unknown;
    for (let i = 0; i < 20; i++) result = loaded[operator]!(tensors, attributes);
    const ran = { threads: loaded.threads, relaxed: loaded.relaxed, why: loaded.why };
    await loaded.close();
    return { result, ran };
  } finally {
    own.SharedArrayBuffer = shared;
  }
}
