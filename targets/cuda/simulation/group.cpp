// SPDX-License-Identifier: Apache-2.0
#include "group.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "barriers.h"
#include "fiber.h"
#include "races.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

// The linker marks both ends of the section that device.h names; without on-chip memory in the
// kernels there is no section, and both are null.
extern "C" {
extern char __start_ww_shared[] __attribute__((weak, visibility("hidden")));
extern char __stop_ww_shared[] __attribute__((weak, visibility("hidden")));
}

namespace ww {
namespace {

// Each thread of the host has its own choice of order; launches take turns (launcher.cpp).
thread_local Order order = Order::forward;
thread_local uint64_t random_state = 1;
Launch launch;
Threads threads;
std::vector<uint32_t> turns;  // the threads of the present pass, in their order
size_t next_turn;
uint32_t current;
struct IdleFibers : std::vector<Fiber *> {
  ~IdleFibers() {  // when the library is unloaded
    for (Fiber *fiber : *this) destroy_fiber(fiber);
  }
} idle;
Fiber *running;

uint64_t random_number() {  // splitmix64
  uint64_t z = random_state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void arrange(std::vector<uint32_t> &numbers) {
  switch (order) {
    case Order::forward: return;
    case Order::reverse: std::reverse(numbers.begin(), numbers.end()); return;
    case Order::random:
      for (size_t i = numbers.size(); i > 1; i--)
        std::swap(numbers[i - 1], numbers[random_number() % i]);
  }
}

// The address sanitizer keeps red zones within the section, which its memset refuses to touch.
__attribute__((no_sanitize("address", "undefined"))) void poison_shared_memory() {
#ifdef WW_ADDRESS_SANITIZER
  for (volatile char *byte = __start_ww_shared; byte != __stop_ww_shared; byte++)
    *byte = static_cast<char>(0xff);
#else
  if (__start_ww_shared)
    memset(__start_ww_shared, 0xff, static_cast<size_t>(__stop_ww_shared - __start_ww_shared));
#endif
}

void select(uint32_t thread) {
  current = thread;
  threadIdx = {thread, 0, 0};
}

// Each fiber starts threads one after the other, as plain calls, until one of them waits; that
// thread then owns the fiber. A kernel without barriers thus runs on one stack, with no switch.
void run_threads() {
  for (;;) {
    while (next_turn < turns.size() && threads[turns[next_turn]].state == State::unstarted) {
      select(turns[next_turn++]);
      launch.invoke(launch.args);
      threads[current].state = State::ended;
    }
    idle.push_back(running);
    suspend_fiber();
  }
}

Fiber *take_idle_fiber() {
  if (idle.empty()) return create_fiber(run_threads);
  Fiber *fiber = idle.back();
  idle.pop_back();
  return fiber;
}

// Every thread that can run does so until it waits or ends.
void run_pass() {
  arrange(turns);
  next_turn = 0;
  while (next_turn < turns.size()) {
    const uint32_t turn = turns[next_turn];
    if (threads[turn].state == State::ready) {
      next_turn++;
      select(turn);
      running = threads[turn].fiber;
    } else {
      running = take_idle_fiber();
    }
    resume_fiber(running);
  }
}

void wait(State state, int line) {
  Thread &thread = threads[current];
  thread.state = state;
  thread.line = line;
  thread.fiber = running;
  suspend_fiber();
}

void abandon_threads() {
  for (Thread &thread : threads) {
    if (thread.state == State::ended || thread.state == State::unstarted) continue;
    restart_fiber(thread.fiber);
    idle.push_back(thread.fiber);
  }
}

std::string run_group(uint32_t group) {
  blockIdx = {group, 0, 0};
  begin_group(group);
  poison_shared_memory();
  threads.assign(launch.group, Thread());
  turns.resize(launch.group);
  std::iota(turns.begin(), turns.end(), 0u);
  while (!turns.empty()) {
    run_pass();
    turns = release(threads);
  }
  if (all_ended(threads)) return "";
  const std::string text = describe_deadlock(threads);
  abandon_threads();
  return text;
}

}  // namespace

void wait_at_barrier(int line) { wait(State::at_barrier, line); }

unsigned long long exchange(WarpOperation operation, unsigned mask, unsigned long long value,
                            int source, int line) {
  Thread &thread = threads[current];
  thread.operation = operation;
  thread.mask = mask;
  thread.value = value;
  thread.source = source;
  wait(State::in_warp, line);
  return threads[current].result;
}

void set_order(Order new_order, uint64_t seed) {
  order = new_order;
  random_state = seed;
}

std::string run_launch(const Launch &new_launch) {
  launch = new_launch;
  blockDim = {launch.group, 1, 1};
  gridDim = {launch.groups, 1, 1};
  static const bool follows = follow_memory(
      __start_ww_shared, static_cast<size_t>(__stop_ww_shared - __start_ww_shared), true);
  if (!follows) return "there is no memory to follow what is shared within a group";
  begin_launch();
  std::vector<uint32_t> shuffled;
  if (order == Order::random) {
    shuffled.resize(launch.groups);
    std::iota(shuffled.begin(), shuffled.end(), 0u);
    arrange(shuffled);
  }
  for (uint32_t i = 0; i < launch.groups; i++) {
    const uint32_t group = order == Order::random    ? shuffled[i]
                           : order == Order::reverse ? launch.groups - 1 - i
                                                     : i;
    const std::string error = run_group(group);
    if (!error.empty()) return error;
  }
  return "";
}

}  // namespace ww
