// Whether this machine has a CUDA GPU that its driver can use: asked of the driver itself, which
// needs neither the toolkit nor a build.

import { loadKoffi } from "../native/koffi.ts";

/** A GPU, or why there is none. */
export type GpuPresence =
  | { readonly present: true; readonly architecture: string }
  | { readonly present: false; readonly reason: string };

// CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR of the driver's interface.
const capability = [75, 76] as const;

/** Asks the CUDA driver for its devices, and the first one for its architecture, e.g. `sm_86`. */
export async function findGpu(): Promise<GpuPresence> {
  const koffi = await loadKoffi();
  if (!koffi) return { present: false, reason: "The npm package koffi is not installed." };
  let driver: ReturnType<typeof koffi.load>;
  try {
    driver = koffi.load(process.platform === "win32" ? "nvcuda.dll" : "libcuda.so.1");
  } catch {
    return { present: false, reason: "There is no NVIDIA driver." };
  }
  const initialise = driver.func("int cuInit(unsigned int)");
  const countDevices = driver.func("int cuDeviceGetCount(void *)");
  const started: number = initialise(0);
  if (started !== 0)
    return { present: false, reason: `The NVIDIA driver does not start (CUDA error ${started}).` };
  const count = new Int32Array(1);
  if (countDevices(count) !== 0 || count[0] === 0)
    return { present: false, reason: "The NVIDIA driver knows no CUDA GPU." };
  const getDevice = driver.func("int cuDeviceGet(void *, int)");
  const getAttribute = driver.func("int cuDeviceGetAttribute(void *, int, int)");
  const device = new Int32Array(1);
  if (getDevice(device, 0) !== 0)
    return { present: false, reason: "The NVIDIA driver does not give its first GPU." };
  const digits = capability.map((attribute) => {
    const value = new Int32Array(1);
    return getAttribute(value, attribute, device[0]) === 0 ? value[0] : undefined;
  });
  if (digits.includes(undefined))
    return { present: false, reason: "The NVIDIA driver does not tell the GPU's architecture." };
  return { present: true, architecture: `sm_${digits.join("")}` };
}
