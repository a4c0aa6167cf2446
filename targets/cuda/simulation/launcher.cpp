// SPDX-License-Identifier: Apache-2.0
// launcher.h on the host: device memory is the heap, and a launch runs in the simulation.
#include "../launcher.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "../registry.h"
#include "group.h"
#include "races.h"

#ifdef WW_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

static thread_local std::string last_error;

// One copy of this library may be loaded in several threads of a process; the simulation is one.
static std::mutex launching;

static int fail(const std::string &text) {
  last_error = text;
  return 1;
}

int ww_device(char *name, int name_bytes, char *driver, int driver_bytes) {
#ifdef __clang__
  const char *compiler = "clang";
  const int major = __clang_major__, minor = __clang_minor__;
#else
  const char *compiler = "g++";
  const int major = __GNUC__, minor = __GNUC_MINOR__;
#endif
#ifdef WW_ADDRESS_SANITIZER
  const char *build = "memory build (address and undefined-behaviour sanitizers)";
#elif defined(WW_RACES)
  const char *build = "races build (accesses noted by thread and barrier)";
#else
  const char *build = "values build";
#endif
  snprintf(name, static_cast<size_t>(name_bytes), "host simulation (%s %d.%d), no GPU", compiler,
           major, minor);
  snprintf(driver, static_cast<size_t>(driver_bytes), "warpweave CUDA simulation, %s", build);
  return 0;
}

int ww_alloc(uint64_t bytes, uint64_t *address) {
  // 256 bytes is what cudaMalloc aligns to. Each buffer is an allocation of its own, which is how
  // the address sanitizer notices the first byte beyond it.
  void *memory = nullptr;
  const size_t size = bytes > 0 ? bytes : 1;
  if (posix_memalign(&memory, 256, size) != 0)
    return fail("there is no memory for a buffer of " + std::to_string(bytes) + " bytes");
  memset(memory, 0xff, size);
#ifdef WW_ADDRESS_SANITIZER
  if (bytes == 0) __asan_poison_memory_region(memory, 1);
#endif
  const std::lock_guard<std::mutex> lock(launching);
  if (!ww::follow_memory(memory, bytes, false)) {
    free(memory);
    return fail("the races build can follow no further buffer of " + std::to_string(bytes) +
                " bytes: it follows 64 MiB at most");
  }
  *address = reinterpret_cast<uint64_t>(memory);
  return 0;
}

int ww_free(uint64_t address) {
  const std::lock_guard<std::mutex> lock(launching);
  ww::forget_memory(reinterpret_cast<void *>(address));
  free(reinterpret_cast<void *>(address));
  return 0;
}

int ww_write(uint64_t address, const void *data, uint64_t bytes) {
  if (bytes > 0) memcpy(reinterpret_cast<void *>(address), data, bytes);
  return 0;
}

int ww_read(void *data, uint64_t address, uint64_t bytes) {
  if (bytes > 0) memcpy(data, reinterpret_cast<const void *>(address), bytes);
  return 0;
}

int ww_launch(const char *name, uint32_t groups, uint32_t group, const char *signature,
              uint64_t *args) {
  for (unsigned k = 0; k < ww::kernel_count; k++) {
    const ww::Kernel &kernel = ww::kernels[k];
    if (strcmp(kernel.name, name) != 0) continue;
    if (strcmp(kernel.signature, signature) != 0)
      return fail(std::string(name) + " takes (" + kernel.signature + ") and was given (" +
                  signature + ")");
    std::vector<void *> pointers;
    std::vector<uint64_t> memories;
    for (size_t i = 0; i < strlen(signature); i++) {
      pointers.push_back(&args[i]);
      memories.push_back(signature[i] == 'p' ? args[i] : 0);
    }
    const std::lock_guard<std::mutex> lock(launching);
    std::string error = ww::run_launch({kernel.invoke, pointers.data(), groups, group});
    if (error.empty()) error = ww::describe_race(memories);
    return error.empty() ? 0 : fail(std::string(name) + ": " + error);
  }
  return fail(std::string("there is no kernel named ") + name + " in this library");
}

int ww_order(const char *order) {
  if (strcmp(order, "forward") == 0) {
    ww::set_order(ww::Order::forward, 0);
  } else if (strcmp(order, "reverse") == 0) {
    ww::set_order(ww::Order::reverse, 0);
  } else if (strncmp(order, "random:", 7) == 0) {
    ww::set_order(ww::Order::random, strtoull(order + 7, nullptr, 10));
  } else {
    return fail(std::string("the order ") + order + " is not forward, reverse or random:SEED");
  }
  return 0;
}

const char *ww_last_error(void) { return last_error.c_str(); }
