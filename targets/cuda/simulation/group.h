// SPDX-License-Identifier: Apache-2.0
// Runs the groups (blocks) of one launch, one after the other, and the threads of each group by
// turns. A thread runs until it ends or waits at a barrier; so every run is one legal interleaving
// of the kernel, chosen by the order, and the same order gives the same run.
#pragma once

#include <stdint.h>
#include <string>

namespace ww {

enum class Order { forward, reverse, random };

struct Launch {
  void (*invoke)(void **args);  // runs the current thread
  void **args;
  uint32_t groups;
  uint32_t group;  // threads of a group
};

// In which order groups, and the threads of a group after each barrier, take their turns.
void set_order(Order order, uint64_t seed);

// Runs a launch to its end. Gives an empty text, or what the threads of a group did wrong.
std::string run_launch(const Launch &launch);

}  // namespace ww
