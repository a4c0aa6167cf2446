// SPDX-License-Identifier: Apache-2.0
// The kernels of one library, by name. The build step writes a table of WW_KERNEL(name) after the
// generated kernel text; everything else about a kernel is deduced from its C++ type.
#pragma once

#ifdef WW_SIMULATION
#include <utility>
#endif

namespace ww {

struct Kernel {
  const char *name;
  const char *signature;
  const void *function;
  void (*invoke)(void **args);  // runs one thread; null where only the device can
};

template <typename T> struct Letter;
template <typename T> struct Letter<T *> { static constexpr char value = 'p'; };
template <> struct Letter<int> { static constexpr char value = 'i'; };
template <> struct Letter<unsigned> { static constexpr char value = 'u'; };
template <> struct Letter<float> { static constexpr char value = 'f'; };

template <typename... Args> struct Signature {
  static constexpr char text[] = {Letter<Args>::value..., '\0'};
};

template <typename... Args> constexpr const char *signature_of(void (*)(Args...)) {
  return Signature<Args...>::text;
}

#ifdef WW_SIMULATION
template <auto kernel> struct Invoke;
template <typename... Args, void (*kernel)(Args...)> struct Invoke<kernel> {
  static void call(void **args) { unpack(args, std::index_sequence_for<Args...>{}); }

 private:
  template <size_t... I> static void unpack(void **args, std::index_sequence<I...>) {
    kernel(*static_cast<Args *>(args[I])...);
  }
};
#define WW_INVOKE(name) ww::Invoke<&name>::call
#else
#define WW_INVOKE(name) nullptr
#endif

extern const Kernel kernels[];
extern const unsigned kernel_count;

}  // namespace ww

#define WW_KERNEL(name) \
  { #name, ww::signature_of(&name), reinterpret_cast<const void *>(&name), WW_INVOKE(name) }
