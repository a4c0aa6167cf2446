// SPDX-License-Identifier: Apache-2.0
// The part of CUDA's runtime that host code of kernels uses, for the simulation: a program that is compiled with this
// folder before CUDA's own runs its kernels on the CPU. Streams do at once what is put on them.
#pragma once

#include <math.h>
#include <stddef.h>

#define WW_RUNTIME
#include "../device.h"

struct CUstream_st;
typedef CUstream_st *cudaStream_t;

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorLaunchFailure = 719,
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };

struct cudaDeviceProp {
  char name[256];
};

const char *cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device);
cudaError_t cudaMalloc(void **memory, size_t bytes);
cudaError_t cudaFree(void *memory);
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaMemsetAsync(void *memory, int byte, size_t bytes, cudaStream_t stream);
cudaError_t cudaStreamCreate(cudaStream_t *stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamDestroy(cudaStream_t stream);

template <typename T> cudaError_t cudaMalloc(T **memory, size_t bytes) {
  return cudaMalloc(reinterpret_cast<void **>(memory), bytes);
}

namespace ww {

// Runs a launch to its end; `invoke` runs the current thread.
cudaError_t launch(void (*invoke)(void **args), void **args, dim3 grid, dim3 block);

template <size_t... I> struct Numbers {};
template <size_t N, size_t... I> struct Count : Count<N - 1, N - 1, I...> {};
template <size_t... I> struct Count<0, I...> { typedef Numbers<I...> type; };

// The first argument is the kernel, the others are what it is given.
template <typename... Params> struct Call {
  static void run(void **args) { run(args, typename Count<sizeof...(Params)>::type{}); }

 private:
  template <size_t... I> static void run(void **args, Numbers<I...>) {
    (*reinterpret_cast<void (**)(Params...)>(args[0]))(*static_cast<Params *>(args[I + 1])...);
  }
};

}  // namespace ww

template <typename... Params>
cudaError_t cudaLaunchKernel(void (*kernel)(Params...), dim3 grid, dim3 block, void **args,
                             size_t shared, cudaStream_t) {
  if (shared > 0) return cudaErrorInvalidValue;
  void *all[sizeof...(Params) + 1] = {&kernel};
  for (size_t i = 0; i < sizeof...(Params); i++) all[i + 1] = args[i];
  return ww::launch(ww::Call<Params...>::run, all, grid, block);
}
