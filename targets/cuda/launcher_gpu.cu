// SPDX-License-Identifier: Apache-2.0
// launcher.h on a GPU, over the CUDA runtime.
#include "launcher.h"
#include "registry.h"

#include <cstdio>
#include <cstring>
#include <string>

static std::string last_error;

static int fail(const std::string &text) {
  last_error = text;
  return 1;
}

static int check(cudaError_t code, const char *what) {
  if (code == cudaSuccess) return 0;
  cudaGetLastError();  // clears it, so that the next launch does not report it again
  return fail(std::string(what) + ": " + cudaGetErrorString(code));
}

int ww_device(char *name, int name_bytes, char *driver, int driver_bytes) {
  int device = 0, driver_version = 0, runtime_version = 0;
  cudaDeviceProp properties;
  if (check(cudaGetDevice(&device), "no CUDA device can be used")) return 1;
  if (check(cudaGetDeviceProperties(&properties, device), "the CUDA device does not answer"))
    return 1;
  if (check(cudaDriverGetVersion(&driver_version), "no CUDA driver")) return 1;
  if (check(cudaRuntimeGetVersion(&runtime_version), "no CUDA runtime")) return 1;
  snprintf(name, name_bytes, "%s (sm_%d%d)", properties.name, properties.major, properties.minor);
  snprintf(driver, driver_bytes, "CUDA driver %d.%d, runtime %d.%d", driver_version / 1000,
           driver_version % 1000 / 10, runtime_version / 1000, runtime_version % 1000 / 10);
  return 0;
}

int ww_alloc(uint64_t bytes, uint64_t *address) {
  void *memory = nullptr;
  if (bytes > 0) {
    if (check(cudaMalloc(&memory, bytes), "device memory could not be allocated")) return 1;
    if (check(cudaMemset(memory, 0xff, bytes), "device memory could not be set")) {
      cudaFree(memory);
      return 1;
    }
  }
  *address = reinterpret_cast<uint64_t>(memory);
  return 0;
}

int ww_free(uint64_t address) {
  return check(cudaFree(reinterpret_cast<void *>(address)), "device memory could not be freed");
}

int ww_write(uint64_t address, const void *data, uint64_t bytes) {
  if (bytes == 0) return 0;
  return check(
      cudaMemcpy(reinterpret_cast<void *>(address), data, bytes, cudaMemcpyHostToDevice),
      "data could not be copied to the device");
}

int ww_read(void *data, uint64_t address, uint64_t bytes) {
  if (bytes == 0) return 0;
  return check(
      cudaMemcpy(data, reinterpret_cast<const void *>(address), bytes, cudaMemcpyDeviceToHost),
      "data could not be copied from the device");
}

int ww_launch(const char *name, uint32_t groups, uint32_t group, const char *signature,
              uint64_t *args) {
  for (unsigned k = 0; k < ww::kernel_count; k++) {
    const ww::Kernel &kernel = ww::kernels[k];
    if (strcmp(kernel.name, name) != 0) continue;
    if (strcmp(kernel.signature, signature) != 0)
      return fail(std::string(name) + " takes (" + kernel.signature + ") and was given (" +
                  signature + ")");
    if (groups == 0) return 0;
    const size_t count = strlen(signature);
    std::string slots(count * sizeof(void *), '\0');
    void **pointers = reinterpret_cast<void **>(&slots[0]);
    for (size_t i = 0; i < count; i++) pointers[i] = &args[i];
    const std::string what = std::string(name) + " failed on the device";
    if (check(cudaLaunchKernel(kernel.function, dim3(groups), dim3(group), pointers, 0, nullptr),
              what.c_str()))
      return 1;
    return check(cudaDeviceSynchronize(), what.c_str());
  }
  return fail(std::string("there is no kernel named ") + name + " in this library");
}

int ww_order(const char *) {
  return fail("only the simulation lets one choose the order of threads");
}

const char *ww_last_error(void) { return last_error.c_str(); }
