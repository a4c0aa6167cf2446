// SPDX-License-Identifier: Apache-2.0
// The memory build's program. A sanitizer ends the process that it finds at fault, so each job runs
// in a process of its own: the job comes on standard input, the outputs go to standard output,
// and whatever a sanitizer has to say goes to standard error.
//
// A job is a sequence of records in the host's byte order, each begun by a letter:
//   A bytes:u64                                              allocates the next buffer (0, 1, …)
//   W buffer:u32 bytes:u64 data                              writes it from its start
//   L name:text groups:u32 group:u32 signature:text slots    a slot is u64; for p, a buffer
//   R buffer:u32 bytes:u64                                   writes its bytes to standard output
//   O order:text        text is bytes:u32 and characters
//   D                                                        writes the device's two texts
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <unistd.h>

#include "../launcher.h"
#include "device.h"

static std::string launching;

// A sanitizer tells the line of the kernel but not which of its threads was running. Both sanitizers
// end in abort() (worker.ts asks them to), so this adds the thread.
static void report_thread(int) {
  if (!launching.empty())
    fprintf(stderr, "in kernel %s, group %u, thread %u\n", launching.c_str(), blockIdx.x,
            threadIdx.x);
  _exit(1);
}

[[noreturn]] static void stop(const char *text) {
  fprintf(stderr, "%s\n", text);
  exit(2);
}

static void check(int code) {
  if (code != 0) stop(ww_last_error());
}

static void read_bytes(void *to, size_t bytes) {
  if (bytes > 0 && fread(to, 1, bytes, stdin) != bytes) stop("the job ends in the middle");
}

template <typename T> static T read_number() {
  T value;
  read_bytes(&value, sizeof(T));
  return value;
}

static std::string read_text() {
  std::string text(read_number<uint32_t>(), '\0');
  read_bytes(&text[0], text.size());
  return text;
}

static void launch(const std::vector<uint64_t> &buffers) {
  const std::string name = read_text();
  const uint32_t groups = read_number<uint32_t>(), group = read_number<uint32_t>();
  const std::string signature = read_text();
  std::vector<uint64_t> slots;
  for (char letter : signature) {
    const uint64_t slot = read_number<uint64_t>();
    slots.push_back(letter == 'p' ? buffers.at(slot) : slot);
  }
  launching = name;
  check(ww_launch(name.c_str(), groups, group, signature.c_str(), slots.data()));
  launching.clear();
}

int main() {
  signal(SIGABRT, report_thread);
  std::vector<uint64_t> buffers;
  for (int letter = getchar(); letter != EOF; letter = getchar()) {
    switch (letter) {
      case 'A':
        buffers.push_back(0);
        check(ww_alloc(read_number<uint64_t>(), &buffers.back()));
        break;
      case 'W': {
        const uint32_t buffer = read_number<uint32_t>();
        std::vector<char> data(read_number<uint64_t>());
        read_bytes(data.data(), data.size());
        check(ww_write(buffers.at(buffer), data.data(), data.size()));
        break;
      }
      case 'L': launch(buffers); break;
      case 'R': {
        const uint32_t buffer = read_number<uint32_t>();
        std::vector<char> data(read_number<uint64_t>());
        check(ww_read(data.data(), buffers.at(buffer), data.size()));
        if (data.empty()) break;
        if (fwrite(data.data(), 1, data.size(), stdout) != data.size()) stop("cannot write");
        break;
      }
      case 'O': check(ww_order(read_text().c_str())); break;
      case 'D': {
        char name[256], driver[256];
        check(ww_device(name, sizeof name, driver, sizeof driver));
        printf("%s\n%s\n", name, driver);
        break;
      }
      default: stop("the job has an unknown record");
    }
  }
  for (uint64_t buffer : buffers) check(ww_free(buffer));
  return fflush(stdout) == 0 ? 0 : 1;
}
