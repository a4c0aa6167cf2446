import type { Target } from "../../generators/emit/target.ts";
import { binaries, frame } from "./frame.ts";
import { language } from "./language.ts";
import { printFunction } from "./print.ts";

/** WebAssembly with vectors of 128 bits, as text; assemble.ts makes bytes of it. */
export const wasm: Target = { ...language, print: printFunction, frame, binaries };
