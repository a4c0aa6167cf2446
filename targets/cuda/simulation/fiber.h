// SPDX-License-Identifier: Apache-2.0
// Fibers: several stacks on one operating system thread, switched by hand. One scheduler (the
// caller's own stack) resumes fibers; a fiber gives control back by suspending itself.
#pragma once

namespace ww {

struct Fiber;

// A fiber that will run `body` when first resumed; `body` must never return.
Fiber *create_fiber(void (*body)());
// Makes a suspended fiber forget what it was doing: its next resume starts `body` again.
void restart_fiber(Fiber *fiber);
void destroy_fiber(Fiber *fiber);
// Runs `fiber` until it suspends. Only the scheduler may call this.
void resume_fiber(Fiber *fiber);
// Returns to the scheduler. Only a fiber may call this.
void suspend_fiber();

}  // namespace ww
