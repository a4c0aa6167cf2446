// SPDX-License-Identifier: Apache-2.0
#include "barriers.h"

#include <algorithm>

#include "races.h"

namespace ww {
namespace {

// The lanes that a warp operation of `thread` must wait for: those of its mask that have not ended.
std::vector<uint32_t> partners(const Threads &threads, uint32_t thread) {
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
void exchange_values(Threads &threads, const std::vector<uint32_t> &lanes) {
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
  }
}

std::vector<uint32_t> release_warps(Threads &threads) {
  std::vector<uint32_t> released;
  for (uint32_t t = 0; t < threads.size(); t++) {
    if (threads[t].state != State::in_warp) continue;
    const std::vector<uint32_t> lanes = partners(threads, t);
    if (!std::all_of(lanes.begin(), lanes.end(),
                     [&](uint32_t lane) { return agree(threads[t], threads[lane]); }))
      continue;
    exchange_values(threads, lanes);
    // Of what a warp does together, only this orders memory.
    if (threads[t].operation == WarpOperation::sync) join_lanes(lanes);
    released.insert(released.end(), lanes.begin(), lanes.end());
  }
  return released;
}

bool all_at_one_barrier(const Threads &threads) {
  return std::all_of(threads.begin(), threads.end(), [&](const Thread &thread) {
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

}  // namespace

std::vector<uint32_t> release(Threads &threads) {
  std::vector<uint32_t> released = release_warps(threads);
  if (!released.empty() || !all_at_one_barrier(threads)) return released;
  pass_barrier();
  for (uint32_t t = 0; t < threads.size(); t++) {
    threads[t].state = State::ready;
    released.push_back(t);
  }
  return released;
}

bool all_ended(const Threads &threads) {
  return std::all_of(threads.begin(), threads.end(),
                     [](const Thread &thread) { return thread.state == State::ended; });
}

// One sentence that names, for each thing that threads wait for, how many and which is the first.
std::string describe_deadlock(const Threads &threads) {
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

}  // namespace ww
