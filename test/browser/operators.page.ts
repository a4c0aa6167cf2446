// In the page: a generated JavaScript module, imported from its text and called as an application would.

interface Call {
  readonly text: string;
  readonly operator: string;
  readonly tensors: object;
  readonly attributes: object;
}

type Module = Readonly<Record<string, (tensors: object, attributes: object) => unknown>>;

/** Calls the operator that a module exports. */
export default async function call({
  text,
  operator,
  tensors,
  attributes,
}: Call): Promise<unknown> {
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const loaded = (await import(url)) as Module;
  return loaded[operator]!(tensors, attributes);
}
