// Runs two generated CUDA kernels, deformable convolution and its gradient by the image, and holds them against plain
// loops. How it is built, with nvcc or for the simulation of this project: examples/README.md.

#include <cuda_runtime.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "../c/plain.h"
#include "deform_conv2d.h"
#include "deform_conv2d_backward.h"

static void check(cudaError_t error) {
  if (error == cudaSuccess) return;
  fprintf(stderr, "%s\n", cudaGetErrorString(error));
  exit(1);
}

// Memory of the device, with the content of `data`.
static float *upload(const std::vector<float> &data) {
  float *memory = nullptr;
  check(cudaMalloc(&memory, data.size() * sizeof(float)));
  check(cudaMemcpy(memory, data.data(), data.size() * sizeof(float), cudaMemcpyHostToDevice));
  return memory;
}

static std::vector<float> make(size_t count, float scale, unsigned seed) {
  std::vector<float> data(count);
  fill(data.data(), count, scale, seed);
  return data;
}

static bool compare(const char *name, const float *memory, const std::vector<double> &expected) {
  std::vector<float> data(expected.size());
  check(cudaMemcpy(data.data(), memory, data.size() * sizeof(float), cudaMemcpyDeviceToHost));
  const double worst = differ(data.data(), expected.data(), data.size());
  const bool agrees = worst <= 1e-5;
  printf("%-12s %s: largest difference %.1e of the largest number\n", name,
      agrees ? "agrees" : "DIFFERS", worst);
  return agrees;
}

int main() {
  cudaDeviceProp device;
  check(cudaGetDeviceProperties(&device, 0));
  printf("on           %s\n", device.name);

  const auto input = make(INPUTS, 1.0f, 1), offset = make(OFFSETS, 2.5f, 2);
  const auto weight = make(WEIGHTS, 1.0f, 3), grad_output = make(OUTPUTS, 1.0f, 4);
  float *const d_input = upload(input), *const d_offset = upload(offset);
  float *const d_weight = upload(weight), *const d_grad_output = upload(grad_output);
  float *d_output = nullptr, *d_grad_input = nullptr;
  check(cudaMalloc(&d_output, OUTPUTS * sizeof(float)));
  check(cudaMalloc(&d_grad_input, INPUTS * sizeof(float)));

  // The caller brings the memory that kernels need beside tensors; this much holds one slab of the work.
  const size_t bytes = warpweave_deform_conv2d_backward_workspace_bytes(
      N, C, H, W, G, K, K, O, C, 1, 1, PAD, PAD, PAD, PAD, 1, 1);
  void *workspace = nullptr;
  check(cudaMalloc(&workspace, bytes));

  // One call puts all launches on the stream, in order. Gradients that are NULL are not computed.
  cudaStream_t stream;
  check(cudaStreamCreate(&stream));
  int32_t code = warpweave_deform_conv2d_launch(stream, d_input, d_offset, d_weight, d_output, N, C,
      H, W, G, K, K, O, C, 1, 1, PAD, PAD, PAD, PAD, 1, 1, nullptr);
  if (code != 0) {
    fprintf(stderr, "%s\n", warpweave_deform_conv2d_error(code));
    return 1;
  }
  code = warpweave_deform_conv2d_backward_launch(stream, d_input, d_offset, d_weight, d_grad_output,
      d_grad_input, nullptr, nullptr, N, C, H, W, G, K, K, O, C, 1, 1, PAD, PAD, PAD, PAD, 1, 1,
      workspace);
  if (code != 0) {
    fprintf(stderr, "%s\n", warpweave_deform_conv2d_backward_error(code));
    return 1;
  }
  check(cudaStreamSynchronize(stream));

  // What cannot be is refused with a number, and a sentence for it; nothing is launched.
  code = warpweave_deform_conv2d_launch(stream, d_input, d_offset, d_weight, d_output, N, C, H, W,
      G, K, K, O, C, 0, 1, PAD, PAD, PAD, PAD, 1, 1, nullptr);
  printf("stride 0     refused: %s\n", warpweave_deform_conv2d_error(code));

  std::vector<double> expected_output(OUTPUTS), expected_grad(INPUTS);
  plain_forward(input.data(), offset.data(), weight.data(), expected_output.data());
  plain_grad_input(offset.data(), weight.data(), grad_output.data(), expected_grad.data());
  const bool forward = compare("output", d_output, expected_output);
  const bool backward = compare("grad_input", d_grad_input, expected_grad);
  check(cudaStreamDestroy(stream));
  for (float *memory : {d_input, d_offset, d_weight, d_grad_output, d_output, d_grad_input})
    check(cudaFree(memory));
  check(cudaFree(workspace));
  return forward && backward && code != 0 ? 0 : 1;
}
