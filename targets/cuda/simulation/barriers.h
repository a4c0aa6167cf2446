// SPDX-License-Identifier: Apache-2.0
// What the threads of a group are doing, and which of those that wait may go on.
#pragma once

#include <stdint.h>
#include <string>
#include <vector>

#include "device.h"

namespace ww {

struct Fiber;

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

typedef std::vector<Thread> Threads;

// Makes ready the threads that may go on now that all others wait, and gives their numbers. If none
// may, either all have ended or the group is stuck.
std::vector<uint32_t> release(Threads &threads);

bool all_ended(const Threads &threads);

// What the threads of a stuck group wait for, in one sentence.
std::string describe_deadlock(const Threads &threads);

}  // namespace ww
