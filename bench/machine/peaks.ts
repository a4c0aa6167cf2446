// The most that this machine can do, measured by small kernels: what a roofline is drawn of.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { measure } from "../measure.ts";

/** A bound on speed, and how it was found. */
export interface Roof {
  readonly name: string;
  readonly gflops: number;
}

/** What kernels of any kind cannot exceed. */
export interface Peaks {
  readonly roofs: readonly Roof[];
  /** Of memory, in 10^9 bytes a second. */
  readonly bandwidth: number;
  readonly bandwidthBy: string;
}

const run = promisify(execFile);
/**
 * Many short pieces, of which the fastest counts: other work on the machine spoils some of them.
 */
const effort = { rounds: 40, seconds: 0.004, samples: 1 };

/**
 * Builds and runs peak.c, several at a time for several threads; undefined without a C compiler.
 */
async function measureInC(threads: number): Promise<readonly [number, number] | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "warpweave-peak-"));
  try {
    const source = fileURLToPath(new URL("peak.c", import.meta.url));
    const program = join(folder, "peak");
    const flags = ["-O3", "-march=native", "-ffp-contract=fast"];
    await run("cc", [...flags, source, "-o", program]);
    const all = await Promise.all(Array.from({ length: threads }, () => run(program)));
    const rates = all.map(({ stdout }) => stdout.trim().split(" ").map(Number));
    const sum = (at: number) => rates.reduce((total, rate) => total + rate[at]!, 0);
    return [sum(0), sum(1)];
  } catch (error) {
    // A file of this name that nobody may run is no compiler either.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "EACCES") return undefined;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const steps = 300_000;

/** Eight chains of multiply-adds on numbers, as kernels in JavaScript compute. */
function multiplyAdds(factor: number, term: number): number {
  let [a, b, c, d] = [0, 1, 2, 3];
  let [e, f, g, h] = [4, 5, 6, 7];
  for (let i = 0; i < steps; i++) {
    a = a * factor + term;
    b = b * factor + term;
    c = c * factor + term;
    d = d * factor + term;
    e = e * factor + term;
    f = f * factor + term;
    g = g * factor + term;
    h = h * factor + term;
  }
  return a + b + c + d + e + f + g + h;
}

/** What is used of the engine's WebAssembly, which Node's types leave to those of browsers. */
const engine = globalThis as unknown as {
  readonly WebAssembly: {
    instantiate(bytes: Uint8Array): Promise<{
      readonly instance: { readonly exports: Readonly<Record<string, unknown>> };
    }>;
  };
};

/** The same on vectors of WebAssembly, of four numbers each. */
async function openVectorChains(): Promise<(count: number) => unknown> {
  const { default: start } = await import("wabt");
  const names = Array.from({ length: 10 }, (_, i) => `$v${i}`);
  const step = names.map(
    (v) =>
      `(local.set ${v} (f32x4.add (f32x4.mul (local.get ${v}) (local.get $f)) (local.get $t)))`,
  );
  const sum = names.reduce((text, v) => `(f32x4.add ${text} (local.get ${v}))`, "(local.get $t)");
  const text = `(module (func (export "run") (param $n i32) (result f32)
    (local $f v128) (local $t v128) ${names.map((v) => `(local ${v} v128)`).join(" ")}
    (local.set $f (f32x4.splat (f32.const 0.999999)))
    (local.set $t (f32x4.splat (f32.const 0.000001)))
    (loop $next ${step.join("\n")}
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (f32x4.extract_lane 0 ${sum})))`;
  const wabt = await start();
  const parsed = wabt.parseWat("peak.wat", text, { simd: true });
  const { buffer } = parsed.toBinary({});
  parsed.destroy();
  const { instance } = await engine.WebAssembly.instantiate(buffer);
  return instance.exports.run as (count: number) => unknown;
}

const elements = 1 << 23;

/** Measures the machine; takes about two seconds. */
export async function measurePeaks(threads: number): Promise<Peaks> {
  const inC = await measureInC(threads);
  const chains = await openVectorChains();
  const [a, b, c] = [0, 1, 2].map((value) => new Float32Array(elements).fill(value)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  let factor = 0.999999;
  const [js, wasm, triad] = await measure(
    [
      { name: "js", run: () => (factor = 0.5 + multiplyAdds(factor, 1e-6) / 1e9) },
      { name: "wasm", run: () => chains(steps) },
      {
        name: "triad",
        run: () => {
          for (let i = 0; i < elements; i++) a[i] = b[i]! + 3 * c[i]!;
        },
      },
    ],
    effort,
  );
  const rate = (operations: number, seconds: number): number => operations / seconds / 1e9;
  const each = threads === 1 ? "" : ` × ${threads} threads`;
  const roofs: Roof[] = [
    ...(inC ? [{ name: `C, vectors with FMA${each}`, gflops: inC[0] }] : []),
    {
      name: `WebAssembly, 128 bits${each}`,
      gflops: threads * rate(2 * 4 * 10 * steps, wasm!.fastest),
    },
    { name: "JavaScript numbers", gflops: rate(2 * 8 * steps, js!.fastest) },
  ];
  return inC
    ? { roofs, bandwidth: inC[1], bandwidthBy: "a triad in C" }
    : {
        roofs,
        bandwidth: rate(12 * elements, triad!.fastest),
        bandwidthBy: "a triad in JavaScript",
      };
}
