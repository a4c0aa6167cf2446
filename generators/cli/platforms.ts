// What each operating system supports, and what of it the authors have executed.

/** One way in which one system runs a target. */
export interface Platform {
  readonly system: "Linux" | "macOS" | "Windows" | "browsers";
  readonly target: string;
  readonly how: string;
  /** Whether it was ever executed by the authors, and where. */
  readonly executed: "executed" | "never executed";
}

const yes = "executed";
const no = "never executed";

/** Every way there is. */
export const platforms: readonly Platform[] = [
  { system: "Linux", target: "js, gpujs", how: "Node 20 (x64)", executed: yes },
  { system: "Linux", target: "wgsl", how: "SwiftShader through Dawn (x64)", executed: yes },
  { system: "Linux", target: "wgsl", how: "a GPU's Vulkan driver through Dawn", executed: no },
  { system: "Linux", target: "cuda", how: "simulation on the CPU (x64)", executed: yes },
  { system: "Linux", target: "cuda", how: "simulation on the CPU (arm64)", executed: no },
  { system: "Linux", target: "cuda", how: "an NVIDIA GPU, built by nvcc", executed: no },
  { system: "macOS", target: "js, gpujs", how: "Node 20", executed: no },
  { system: "macOS", target: "wgsl", how: "Metal through Dawn", executed: no },
  { system: "macOS", target: "cuda", how: "not supported", executed: no },
  { system: "Windows", target: "js, gpujs", how: "Node 20", executed: no },
  { system: "Windows", target: "wgsl", how: "D3D12 through Dawn", executed: no },
  { system: "Windows", target: "cuda", how: "an NVIDIA GPU, built by nvcc", executed: no },
  { system: "browsers", target: "js, wgsl", how: "Chromium with SwiftShader", executed: yes },
  { system: "browsers", target: "js, wgsl", how: "any with WebGPU, on a GPU", executed: no },
];
