// SPDX-License-Identifier: Apache-2.0
#include "group.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "device.h"
#include "fiber.h"

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

enum class State { unstarted, ready, at_barrier, in_warp, ended };

struct Thread {
  State state = State::unstarted;
  Fiber *fiber = nullptr;  // while the thread waits or is ready to go on: where its stack is
  int line = 0;            // of the barrier or warp operation at which it waits
  WarpOperation operation = WarpOperation::sync;
  unsigned mask = 0;
  int source = 0;
  unsigned long long value = 0;  // given to a warp operation
  unsigned long long result = 0;
};

Order order = Order::forward;
uint64_t random_state = 1;
Launch launch;
std::vector<Thread> threads;
std::vector<uint32_t> turns;  // the threads of the present pass, in their order
size_t next_turn;
uint32_t current;
std::vector<Fiber *> idle;
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
#ifdef __SANITIZE_ADDRESS__
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

// The lanes that a warp operation of `thread` must wait for: those of its mask that have not ended.
std::vector<uint32_t> partners(uint32_t thread) {
  std::vector<uint32_t> lanes;
  const uint32_t first = thread / 32 * 32;
  for (uint32_t lane = 0; lane < 32 && first + lane < threads.size(); lane++)
    if ((threads[thread].mask >> lane & 1) && threads[first + lane].state != State::ended)
      lanes.push_back(first + lane);
  return lanes;
}

bool agree(const Thread &a, const Thread &b) {
  return b.state == State::in_warp && a.line == b.line && a.operation == b.operation &&
         a.mask == b.mask;
}

// All lanes have given their values, so all results can be taken at once.
void exchange_values(const std::vector<uint32_t> &lanes) {
  unsigned long long ballot = 0;
  for (uint32_t lane : lanes)
    if (threads[lane].value != 0) ballot |= 1ull << lane % 32;
  for (uint32_t lane : lanes) {
    Thread &thread = threads[lane];
    const uint32_t source = lane / 32 * 32 + static_cast<uint32_t>(thread.source & 31);
    const bool present = std::find(lanes.begin(), lanes.end(), source) != lanes.end();
    // What a lane outside of the mask, or one that has ended, would give is undefined: NaN bytes.
    thread.result = thread.operation == WarpOperation::ballot ? ballot
                    : present                                 ? threads[source].value
                                                              : ~0ull;
    thread.state = State::ready;
    turns.push_back(lane);
  }
}

void release_warps() {
  for (uint32_t t = 0; t < threads.size(); t++) {
    if (threads[t].state != State::in_warp) continue;
    const std::vector<uint32_t> lanes = partners(t);
    if (std::all_of(lanes.begin(), lanes.end(),
                    [t](uint32_t lane) { return agree(threads[t], threads[lane]); }))
      exchange_values(lanes);
  }
}

bool all_at_one_barrier() {
  return std::all_of(threads.begin(), threads.end(), [](const Thread &thread) {
    return thread.state == State::at_barrier && thread.line == threads[0].line;
  });
}

std::string describe(const Thread &thread) {
  switch (thread.state) {
    case State::ended: return "ended";
    case State::at_barrier:
      return "waits at the __syncthreads() of line " + std::to_string(thread.line);
    case State::in_warp:
      return "waits for its warp at line " + std::to_string(thread.line);
    case State::unstarted:
    case State::ready: return "can run";
  }
  return "";
}

// One sentence that names, for each thing that threads wait for, how many and which is the first.
std::string describe_deadlock() {
  std::string text = "group " + std::to_string(blockIdx.x) + " cannot go on:";
  std::vector<std::string> seen;
  for (size_t t = 0; t < threads.size(); t++) {
    const std::string what = describe(threads[t]);
    if (std::find(seen.begin(), seen.end(), what) != seen.end()) continue;
    const auto count = std::count_if(threads.begin(), threads.end(),
                                     [&](const Thread &other) { return describe(other) == what; });
    text += (seen.empty() ? " thread " : "; thread ") + std::to_string(t) + " " + what;
    if (count > 1) text += ", as do " + std::to_string(count - 1) + " more";
    seen.push_back(what);
  }
  return text + ". All threads of a group (or lanes of a mask) must reach the same barrier.";
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
  poison_shared_memory();
  threads.assign(launch.group, Thread());
  turns.resize(launch.group);
  std::iota(turns.begin(), turns.end(), 0u);
  for (;;) {
    run_pass();
    turns.clear();
    release_warps();
    if (!turns.empty()) continue;
    if (std::all_of(threads.begin(), threads.end(),
                    [](const Thread &thread) { return thread.state == State::ended; }))
      return "";
    if (!all_at_one_barrier()) {
      const std::string text = describe_deadlock();
      abandon_threads();
      return text;
    }
    for (uint32_t t = 0; t < threads.size(); t++) {
      threads[t].state = State::ready;
      turns.push_back(t);
    }
  }
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
  std::vector<uint32_t> groups(launch.groups);
  std::iota(groups.begin(), groups.end(), 0u);
  arrange(groups);
  for (uint32_t group : groups) {
    const std::string error = run_group(group);
    if (!error.empty()) return error;
  }
  return "";
}

}  // namespace ww
