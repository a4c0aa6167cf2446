// Whether a kernel file compiles at run time with NVRTC, NVIDIA's compiler library: it offers no
// header of any kind, so what passes needs none.

import { join } from "node:path";
import type { Unavailable } from "../contract/program.ts";
import { loadKoffi } from "../native/koffi.ts";
import type { Macros } from "./build.ts";

/** NVRTC's judgement of one source. */
export type NvrtcResult =
  | { readonly ok: true; readonly compiler: string }
  | { readonly ok: false; readonly compiler: string; readonly errors: string };

type Koffi = NonNullable<Awaited<ReturnType<typeof loadKoffi>>>;

/** The include directives of a source; NVRTC compatibility means that there is none. */
export function findIncludes(source: string): string[] {
  return source.match(/^[ \t]*#[ \t]*include\b.*$/gm) ?? [];
}

/** Compiles a source with NVRTC; without the library it says so, and nothing was checked. */
export async function compileWithNvrtc(
  source: string,
  options: { readonly architecture?: number; readonly macros?: Macros } = {},
): Promise<NvrtcResult | Unavailable> {
  const koffi = await loadKoffi();
  const library = koffi && openNvrtc(koffi);
  if (!koffi || !library)
    return {
      target: "cuda",
      unavailable: koffi ? "libnvrtc was not found." : "The npm package koffi is not installed.",
      install: koffi ? "the CUDA toolkit with NVRTC (cuda-nvrtc)" : "npm install koffi",
    };
  const readVersion = library.func("int nvrtcVersion(void *, void *)");
  const create = library.func("int nvrtcCreateProgram(void *, str, str, int, void *, void *)");
  const compile = library.func("int nvrtcCompileProgram(void *, int, const char **)");
  const readLogSize = library.func("int nvrtcGetProgramLogSize(void *, void *)");
  const readLog = library.func("int nvrtcGetProgramLog(void *, void *)");
  const destroy = library.func("int nvrtcDestroyProgram(void *)");
  const nameError = library.func("str nvrtcGetErrorString(int)");
  const check = (code: number) => {
    if (code !== 0) throw new Error(`NVRTC failed: ${nameError(code)}.`);
  };

  const [major, minor] = [new Int32Array(1), new Int32Array(1)];
  check(readVersion(major, minor));
  const compiler = `NVRTC ${major[0]}.${minor[0]}`;
  const handle = new BigUint64Array(1);
  check(create(handle, source, "kernel.cu", 0, null, null));
  try {
    const flags = [
      `--gpu-architecture=compute_${options.architecture ?? 75}`,
      "--std=c++17",
      ...Object.entries(options.macros ?? {}).map(([name, value]) => `-D${name}=${value}`),
    ];
    const code: number = compile(handle[0], flags.length, flags);
    if (code === 0) return { ok: true, compiler };
    const size = new BigUint64Array(1);
    check(readLogSize(handle[0], size));
    const log = new Uint8Array(Number(size[0]));
    check(readLog(handle[0], log));
    const errors = Buffer.from(log).toString("utf8").replace(/\0+$/, "").trim();
    return { ok: false, compiler, errors: errors || `NVRTC failed: ${nameError(code)}.` };
  } finally {
    destroy(handle);
  }
}

function openNvrtc(koffi: Koffi): ReturnType<Koffi["load"]> | undefined {
  const homes = [process.env.CUDA_HOME, process.env.CUDA_PATH, "/usr/local/cuda"];
  const names = ["libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12"];
  const folders = homes.flatMap((home) => (home ? [join(home, "lib64")] : []));
  const paths = [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ...names];
  for (const path of paths) {
    try {
      return koffi.load(path);
    } catch {
      // Not there: the next place may have it.
    }
  }
  return undefined;
}
