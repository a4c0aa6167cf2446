// SPDX-License-Identifier: Apache-2.0
// Which accesses to memory have no order: of threads of one group between the same two barriers, and
// of any threads of different groups of one launch. Two such accesses to a word are a race if one of
// them writes and not both are atomic, whatever the order in which the simulation ran them. Only
// the races build notes accesses (tsan.cpp); in the others all of this is nothing.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string>
#include <vector>

namespace ww {

enum class Touch : uint8_t { read, write, atomic };

#ifdef WW_RACES
// From now on accesses to this memory are noted; false where that would take too much memory.
bool follow_memory(const void *begin, size_t bytes, bool shared);
void forget_memory(const void *begin);

// What the scheduler tells: all that comes after is ordered with what came before …
void begin_launch();
void begin_group(uint32_t group);               // … unless it is of another group of the launch
void pass_barrier();                            // … within the group
void join_lanes(const std::vector<uint32_t> &lanes);  // … among these threads: __syncwarp()

// The present thread (threadIdx, blockIdx) touches memory; `place` is where its code is.
void touch(Touch kind, const volatile void *address, size_t bytes, const void *place);

// The first race of the launch as one line, or nothing. `arguments` are the kernel's pointers, in
// order; other arguments are 0. What reads this line is ../races.ts.
std::string describe_race(const std::vector<uint64_t> &arguments);
#else
inline bool follow_memory(const void *, size_t, bool) { return true; }
inline void forget_memory(const void *) {}
inline void begin_launch() {}
inline void begin_group(uint32_t) {}
inline void pass_barrier() {}
inline void join_lanes(const std::vector<uint32_t> &) {}
inline std::string describe_race(const std::vector<uint64_t> &) { return ""; }
#endif

}  // namespace ww
