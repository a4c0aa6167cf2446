// SPDX-License-Identifier: Apache-2.0
#include "races.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <sys/mman.h>

#include "device.h"

// The linker's name for where this library begins in memory.
extern "C" __attribute__((visibility("hidden"))) const char __ehdr_start[];

namespace ww {
namespace {

// Memory is followed by words, as long as the shortest elements of the file that is built.
#ifndef WW_WORD_BYTES
#define WW_WORD_BYTES 4
#endif
constexpr size_t word_bytes = WW_WORD_BYTES;
// A word's cell has 60 bytes, which are taken when the word is first touched.
constexpr size_t most_followed = size_t{64} << 20;
constexpr uint32_t most_threads = 1024;

// A moment is what lies between two barriers of a group: groups and barriers count up through all
// launches, so that one comparison tells what is over. Moment 0 is none.
struct Access {
  uint32_t moment;
  uint32_t place;  // of the code, from the library's beginning
  uint32_t thread : 10, epoch : 22;
};

// What was done to a word. A second plain write without order is a race already. Of reads and
// atomics any number may lack order; two of them are enough, since no thread is ordered with two
// that are not ordered themselves (but for masks of __syncwarp() that overlap).
struct Cell {
  Access write, reads[2], atomics[2];
};

struct Memory {
  uintptr_t begin, end;
  Cell *cells;
  bool shared;
};

std::vector<Memory> memories;
Memory on_chip, recent;
size_t followed;

uint32_t now = 1, launch_began = 1, group_began = 1;
struct Began {
  uint32_t moment, group;
};
std::vector<Began> groups;

// Within a warp: how often each thread has passed __syncwarp() since the last barrier, and how far it
// knows each lane of its warp to have come.
uint32_t epochs[most_threads];
uint32_t clocks[most_threads][32];
bool synchronised_warps;

struct Race {
  bool found;
  uintptr_t address, begin;
  bool shared;
  size_t narrow;  // bytes of an access that is not of whole words
  Touch kinds[2];
  Access accesses[2];
} race;

bool is_ordered(const Access &then, uint32_t horizon) {
  if (then.moment < horizon) return true;
  if (then.moment < group_began) return false;
  const uint32_t thread = threadIdx.x;
  if (then.moment < now || then.thread == thread) return true;
  return then.thread / 32 == thread / 32 && then.epoch < clocks[thread][then.thread % 32];
}

bool is_same(const Access &a, const Access &b) {
  return a.moment == b.moment && a.thread == b.thread && a.epoch == b.epoch;
}

// What is ordered before `access` need not be kept: whatever lacks order with it lacks it with
// `access` too.
void keep(Access (&slots)[2], const Access &access, uint32_t horizon) {
  for (Access &slot : slots)
    if (is_ordered(slot, horizon)) {
      slot = access;
      return;
    }
}

void report(const Memory &memory, uintptr_t address, Touch first, const Access &then, Touch second,
            const Access &access) {
  race = {true, address, memory.begin, memory.shared, 0, {first, second}, {then, access}};
}

void touch_word(const Memory &memory, uintptr_t address, Touch kind, const Access &access) {
  Cell &cell = memory.cells[(address - memory.begin) / word_bytes];
  // Nothing is new where a thread reads once more; a write between would have met the first read.
  if (kind == Touch::read && is_same(cell.reads[0], access)) return;
  const uint32_t horizon = memory.shared ? group_began : launch_began;
  if (!is_ordered(cell.write, horizon))
    return report(memory, address, Touch::write, cell.write, kind, access);
  if (kind != Touch::read)
    for (const Access &then : cell.reads)
      if (!is_ordered(then, horizon))
        return report(memory, address, Touch::read, then, kind, access);
  if (kind != Touch::atomic)
    for (const Access &then : cell.atomics)
      if (!is_ordered(then, horizon))
        return report(memory, address, Touch::atomic, then, kind, access);
  switch (kind) {
    case Touch::read: return keep(cell.reads, access, horizon);
    case Touch::write: cell.write = access; return;
    case Touch::atomic: return keep(cell.atomics, access, horizon);
  }
}

bool holds(const Memory &memory, uintptr_t address) {
  return address >= memory.begin && address < memory.end;
}

// Null for a thread's own stack, and for what lies beyond a buffer, which the memory build finds.
const Memory *find_memory(uintptr_t address) {
  if (holds(recent, address)) return &recent;
  if (holds(on_chip, address)) return &on_chip;
  for (const Memory &memory : memories)
    if (holds(memory, address)) {
      recent = memory;
      return &recent;
    }
  return nullptr;
}

void forget_lanes() {
  if (!synchronised_warps) return;
  memset(epochs, 0, sizeof epochs);
  memset(clocks, 0, sizeof clocks);
  synchronised_warps = false;
}

size_t cells_bytes(size_t bytes) { return (bytes + word_bytes - 1) / word_bytes * sizeof(Cell); }

const char *name_of(Touch kind) {
  switch (kind) {
    case Touch::read: return "read";
    case Touch::write: return "written";
    case Touch::atomic: return "updated atomically";
  }
  return "";
}

std::string describe_access(Touch kind, const Access &access) {
  const auto after = std::upper_bound(groups.begin(), groups.end(), access.moment,
                                      [](uint32_t at, const Began &b) { return at < b.moment; });
  char text[128];
  snprintf(text, sizeof text, "%s by group %u, thread %u at +0x%x", name_of(kind),
           after == groups.begin() ? 0 : (after - 1)->group, unsigned{access.thread},
           access.place);
  return text;
}

}  // namespace

bool follow_memory(const void *begin, size_t bytes, bool shared) {
  if (bytes == 0) return true;
  if (bytes > most_followed - followed) return false;
  void *cells = mmap(nullptr, cells_bytes(bytes), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (cells == MAP_FAILED) return false;
  followed += bytes;
  const uintptr_t first = reinterpret_cast<uintptr_t>(begin);
  const Memory memory = {first, first + bytes, static_cast<Cell *>(cells), shared};
  if (shared) on_chip = memory;
  else memories.push_back(memory);
  return true;
}

void forget_memory(const void *begin) {
  for (size_t i = 0; i < memories.size(); i++) {
    const Memory memory = memories[i];
    if (memory.begin != reinterpret_cast<uintptr_t>(begin)) continue;
    munmap(memory.cells, cells_bytes(memory.end - memory.begin));
    followed -= memory.end - memory.begin;
    memories.erase(memories.begin() + static_cast<ptrdiff_t>(i));
    recent = {};
    return;
  }
}

void begin_launch() {
  // Long before moments run out, all cells are emptied and the count begins anew.
  if (now > UINT32_MAX / 2) {
    for (const Memory &memory : memories)
      memset(static_cast<void *>(memory.cells), 0, cells_bytes(memory.end - memory.begin));
    if (on_chip.cells)
      memset(static_cast<void *>(on_chip.cells), 0, cells_bytes(on_chip.end - on_chip.begin));
    now = 0;
  }
  launch_began = group_began = ++now;
  groups.clear();
  race = {};
}

void begin_group(uint32_t group) {
  group_began = ++now;
  groups.push_back({now, group});
  forget_lanes();
}

void pass_barrier() {
  now++;
  forget_lanes();
}

void join_lanes(const std::vector<uint32_t> &threads) {
  synchronised_warps = true;
  uint32_t known[32] = {};
  for (uint32_t thread : threads)
    for (uint32_t lane = 0; lane < 32; lane++)
      known[lane] = std::max(known[lane], clocks[thread][lane]);
  for (uint32_t thread : threads) known[thread % 32] = ++epochs[thread];
  for (uint32_t thread : threads) memcpy(clocks[thread], known, sizeof known);
}

void touch(Touch kind, const volatile void *pointer, size_t bytes, const void *place) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(pointer);
  const Memory *memory = find_memory(address);
  if (!memory || race.found) return;
  // What is called returns behind the call, perhaps to another line.
  const auto code = reinterpret_cast<uintptr_t>(place) - reinterpret_cast<uintptr_t>(__ehdr_start);
  const Access access = {now, static_cast<uint32_t>(code - 1), threadIdx.x & (most_threads - 1),
                         epochs[threadIdx.x & (most_threads - 1)] & ((1u << 22) - 1)};
  if ((address | bytes) % word_bytes != 0) {
    report(*memory, address, kind, access, kind, access);
    race.narrow = bytes;
    return;
  }
  const uintptr_t end = std::min(address + bytes, memory->end);
  for (uintptr_t at = address; at < end && !race.found; at += word_bytes)
    touch_word(*memory, at, kind, access);
}

std::string describe_race(const std::vector<uint64_t> &arguments) {
  if (!race.found) return "";
  const auto found = std::find(arguments.begin(), arguments.end(), race.begin);
  const std::string where =
      race.shared ? "shared memory" : "argument " + std::to_string(found - arguments.begin());
  const std::string at = where + ", byte " + std::to_string(race.address - race.begin) + ": ";
  const std::string first = describe_access(race.kinds[0], race.accesses[0]);
  if (race.narrow > 0)
    return "unfollowed access at " + at + first + ", " + std::to_string(race.narrow) + " bytes";
  return "race at " + at + first + ", then " + describe_access(race.kinds[1], race.accesses[1]);
}

}  // namespace ww
