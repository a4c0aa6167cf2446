// SPDX-License-Identifier: MIT-0
// WGSL compiled once: a module for each text, a pipeline for each entry point, bindings and
// constants.

const compute = 4; // GPUShaderStage.COMPUTE

/** Gives the pipeline of a launch and the layout of its bindings, compiling them the first time. */
export function createPipelines(device) {
  const modules = new Map();
  const pipelines = new Map();

  function moduleOf(source) {
    let module = modules.get(source);
    if (!module) {
      module = device.createShaderModule({ code: source });
      modules.set(source, module);
    }
    return module;
  }

  function compile(source, step, constants) {
    // An automatic layout would leave out what an entry point happens not to use.
    const entries = step.buffers.map(({ binding, access }) => ({
      binding,
      visibility: compute,
      buffer: { type: access === "read" ? "read-only-storage" : "storage" },
    }));
    const { binding, bytes } = step.uniform;
    const buffer = { type: "uniform", hasDynamicOffset: true, minBindingSize: bytes };
    entries.push({ binding, visibility: compute, buffer });
    device.pushErrorScope("validation");
    const layout = device.createBindGroupLayout({ entries });
    const pipeline = device.createComputePipeline({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: moduleOf(source), entryPoint: step.function, constants },
    });
    // Kernels of TensorFlow.js return at once, so what the device says comes later: loudly.
    device.popErrorScope().then((error) => {
      if (error) throw new Error(`${step.function} does not compile: ${error.message.trim()}`);
    });
    return { pipeline, layout };
  }

  const files = new Map();
  return (source, step, constants) => {
    if (!files.has(source)) files.set(source, files.size);
    const key = `${files.get(source)} ${step.function} ${JSON.stringify(constants)}`;
    if (!pipelines.has(key)) pipelines.set(key, compile(source, step, constants));
    return pipelines.get(key);
  };
}
