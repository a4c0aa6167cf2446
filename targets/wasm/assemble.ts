// Bytes of WebAssembly's text format.

import createWabt from "wabt";

const features = { simd: true, bulk_memory: true, sat_float_to_int: true, relaxed_simd: true };

let loaded: ReturnType<typeof createWabt> | undefined;

/** The bytes of a module; equal texts give equal bytes. */
export async function assemble(text: string): Promise<Uint8Array> {
  loaded ??= createWabt();
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
