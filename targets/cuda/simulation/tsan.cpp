// SPDX-License-Identifier: Apache-2.0
// What -fsanitize=thread makes a kernel call at each access to memory. The sanitizer's own library,
// which knows the host's threads and locks, is not linked; these functions know CUDA's groups and barriers
// instead (races.h). The build is linked with -z defs, so that a call that is missing here is an
// error.
#include <string.h>

#include "races.h"

#define CALLBACK extern "C" __attribute__((visibility("hidden")))

#define ON_ACCESS(name, kind, bytes)                                               \
  CALLBACK void __tsan_##name(void *address);                                      \
  CALLBACK void __tsan_##name(void *address) {                                     \
    ww::touch(ww::Touch::kind, address, bytes, __builtin_return_address(0));       \
  }
#define ON_ACCESSES(bytes)                          \
  ON_ACCESS(read##bytes, read, bytes)               \
  ON_ACCESS(write##bytes, write, bytes)             \
  ON_ACCESS(unaligned_read##bytes, read, bytes)     \
  ON_ACCESS(unaligned_write##bytes, write, bytes)   \
  ON_ACCESS(volatile_read##bytes, read, bytes)      \
  ON_ACCESS(volatile_write##bytes, write, bytes)

ON_ACCESSES(1)
ON_ACCESSES(2)
ON_ACCESSES(4)
ON_ACCESSES(8)
ON_ACCESSES(16)

CALLBACK void __tsan_init();
CALLBACK void __tsan_init() {}
CALLBACK void __tsan_func_entry(void *);
CALLBACK void __tsan_func_entry(void *) {}
CALLBACK void __tsan_func_exit();
CALLBACK void __tsan_func_exit() {}

#define ON_RANGE(name, kind)                                                       \
  CALLBACK void __tsan_##name(void *address, size_t bytes);                        \
  CALLBACK void __tsan_##name(void *address, size_t bytes) {                       \
    ww::touch(ww::Touch::kind, address, bytes, __builtin_return_address(0));       \
  }

ON_RANGE(read_range, read)
ON_RANGE(write_range, write)

CALLBACK void *__tsan_memcpy(void *to, const void *from, size_t bytes);
CALLBACK void *__tsan_memcpy(void *to, const void *from, size_t bytes) {
  ww::touch(ww::Touch::read, from, bytes, __builtin_return_address(0));
  ww::touch(ww::Touch::write, to, bytes, __builtin_return_address(0));
  return memcpy(to, from, bytes);
}

CALLBACK void *__tsan_memmove(void *to, const void *from, size_t bytes);
CALLBACK void *__tsan_memmove(void *to, const void *from, size_t bytes) {
  ww::touch(ww::Touch::read, from, bytes, __builtin_return_address(0));
  ww::touch(ww::Touch::write, to, bytes, __builtin_return_address(0));
  return memmove(to, from, bytes);
}

CALLBACK void *__tsan_memset(void *to, int value, size_t bytes);
CALLBACK void *__tsan_memset(void *to, int value, size_t bytes) {
  ww::touch(ww::Touch::write, to, bytes, __builtin_return_address(0));
  return memset(to, value, bytes);
}

// An atomic access as device.h knows it; `place` is in the kernel.
namespace ww {
void note_atomic(const void *address, size_t bytes, const void *place) {
  touch(Touch::atomic, address, bytes, place);
}
}  // namespace ww
