// SPDX-License-Identifier: Apache-2.0
// The runtime on the host: device memory is the heap, and a launch runs in the simulation. The text of the last error
// that a kernel made is told by cudaGetErrorString.
#include "cuda_runtime.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "../group.h"

static std::string last_error;

const char *cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorLaunchFailure:
      return last_error.c_str();
  }
  return "unrecognized error code";
}

cudaError_t cudaGetDeviceCount(int *count) {
  *count = 1;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int) {
  snprintf(properties->name, sizeof properties->name, "host simulation, no GPU");
  return cudaSuccess;
}

cudaError_t cudaMalloc(void **memory, size_t bytes) {
  if (posix_memalign(memory, 256, bytes > 0 ? bytes : 1) != 0) return cudaErrorMemoryAllocation;
  memset(*memory, 0xff, bytes);  // NaN as float, -1 as int
  return cudaSuccess;
}

cudaError_t cudaFree(void *memory) {
  free(memory);
  return cudaSuccess;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind) {
  if (bytes > 0) memcpy(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *memory, int byte, size_t bytes, cudaStream_t) {
  if (bytes > 0) memset(memory, byte, bytes);
  return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t *stream) {
  *stream = static_cast<cudaStream_t>(malloc(1));
  return *stream ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  free(stream);
  return cudaSuccess;
}

cudaError_t ww::launch(void (*invoke)(void **), void **args, dim3 grid, dim3 block) {
  if (grid.x < 1 || grid.y != 1 || grid.z != 1 || block.x < 1 || block.y != 1 || block.z != 1 ||
      block.x > 1024)
    return cudaErrorInvalidConfiguration;
  last_error = ww::run_launch({invoke, args, grid.x, block.x});
  return last_error.empty() ? cudaSuccess : cudaErrorLaunchFailure;
}
