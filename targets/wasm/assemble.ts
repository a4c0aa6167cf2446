// Bytes of WebAssembly's text format.

const features = { simd: true, bulk_memory: true, sat_float_to_int: true, relaxed_simd: true };

/** On the first use: reading it in detaches buffers, and JavaScript's arrays are checked for that from then on. */
let loaded: ReturnType<typeof import("wabt")> | undefined;

/** The bytes of a module; equal texts give equal bytes. */
export async function assemble(text: string): Promise<Uint8Array> {
  loaded ??= import("wabt").then(({ default: createWabt }) => createWabt());
  const { parseWat } = await loaded;
  const module = parseWat("module.wat", text, features);
  try {
    module.resolveNames();
    module.validate();
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}
