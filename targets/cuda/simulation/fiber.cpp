// SPDX-License-Identifier: Apache-2.0
#include "fiber.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(WW_UCONTEXT) || !(defined(__x86_64__) || defined(__aarch64__))
#define WW_USES_UCONTEXT 1
#include <ucontext.h>
#endif

#ifdef WW_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace ww {

// Large enough for any kernel's local arrays; untouched pages cost no memory.
static constexpr size_t stack_bytes = 256 * 1024;

#ifdef WW_USES_UCONTEXT
typedef ucontext_t Context;
#else
typedef void *Context;  // the stack pointer; everything else lies on the stack
#endif

struct Fiber {
  char *stack;
  void (*body)();
  Context context;
  void *fake_stack;  // the address sanitizer's own stack of this fiber
};

static Context scheduler;
static Fiber *current;

#ifndef WW_USES_UCONTEXT
// Saves the registers that a call must preserve, stores the stack pointer to *from, and continues
// where `to` was saved. Signal masks and rounding modes are left alone, which is why this takes
// nanoseconds where swapcontext makes a system call.
extern "C" __attribute__((visibility("hidden"))) void ww_switch(Context *from, Context to);

#if defined(__x86_64__)
asm(R"(
.text
.p2align 4
.globl ww_switch
.hidden ww_switch
.type ww_switch, STT_FUNC
ww_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size ww_switch, .-ww_switch
)");

// Six registers, the address that `ret` takes, and a zero where a caller's address would be: the
// stack is then aligned as at the entry of any function, and unwinders stop.
static void *first_frame(char *top, void (*entry)()) {
  void **slots = reinterpret_cast<void **>(top);
  for (int i = 1; i <= 8; i++) slots[-i] = nullptr;
  slots[-2] = reinterpret_cast<void *>(entry);
  return slots - 8;
}
#else
asm(R"(
.text
.p2align 4
.globl ww_switch
.hidden ww_switch
.type ww_switch, STT_FUNC
ww_switch:
  sub sp, sp, #160
  stp x19, x20, [sp]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size ww_switch, .-ww_switch
)");

// Twenty saved registers; x30, the twelfth, is the address that `ret` takes.
static void *first_frame(char *top, void (*entry)()) {
  void **slots = reinterpret_cast<void **>(top - 160);
  for (int i = 0; i < 20; i++) slots[i] = nullptr;
  slots[11] = reinterpret_cast<void *>(entry);
  return slots;
}
#endif
#endif

static void switch_context(Context *from, Context *to) {
#ifdef WW_USES_UCONTEXT
  swapcontext(from, to);
#else
  ww_switch(from, *to);
#endif
}

#ifdef WW_ADDRESS_SANITIZER
// The sanitizer must be told of each switch, or it takes a fiber's stack for stray memory.
static const void *scheduler_stack;
static size_t scheduler_bytes;
#endif

static void enter_fiber() {
#ifdef WW_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber(nullptr, &scheduler_stack, &scheduler_bytes);
#endif
  current->body();
  abort();  // the body returned: there is nowhere to go
}

static size_t guard_bytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

Fiber *create_fiber(void (*body)()) {
  const size_t guard = guard_bytes();
  void *memory = mmap(nullptr, guard + stack_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  // A page that cannot be touched below the stack turns an overflow into a crash at the fault.
  if (memory == MAP_FAILED || mprotect(memory, guard, PROT_NONE) != 0) {
    perror("no memory for the stack of a simulated thread");
    abort();
  }
  Fiber *fiber = new Fiber{static_cast<char *>(memory) + guard, body, {}, nullptr};
  restart_fiber(fiber);
  return fiber;
}

void destroy_fiber(Fiber *fiber) {
  munmap(fiber->stack - guard_bytes(), guard_bytes() + stack_bytes);
  delete fiber;
}

void restart_fiber(Fiber *fiber) {
#ifdef WW_ADDRESS_SANITIZER
  __asan_unpoison_memory_region(fiber->stack, stack_bytes);
  fiber->fake_stack = nullptr;
#endif
#ifdef WW_USES_UCONTEXT
  getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack;
  fiber->context.uc_stack.ss_size = stack_bytes;
  fiber->context.uc_link = nullptr;
  makecontext(&fiber->context, enter_fiber, 0);
#else
  fiber->context = first_frame(fiber->stack + stack_bytes, enter_fiber);
#endif
}

void resume_fiber(Fiber *fiber) {
  current = fiber;
#ifdef WW_ADDRESS_SANITIZER
  void *fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, fiber->stack, stack_bytes);
#endif
  switch_context(&scheduler, &fiber->context);
#ifdef WW_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
}

void suspend_fiber() {
  Fiber *fiber = current;
#ifdef WW_ADDRESS_SANITIZER
  __sanitizer_start_switch_fiber(&fiber->fake_stack, scheduler_stack, scheduler_bytes);
#endif
  switch_context(&fiber->context, &scheduler);
#ifdef WW_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber(fiber->fake_stack, &scheduler_stack, &scheduler_bytes);
#endif
}

}  // namespace ww
