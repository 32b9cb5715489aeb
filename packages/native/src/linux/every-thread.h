// SPDX-License-Identifier: MIT
#pragma once

namespace wgq {

// Runs `act` on every thread of the process, on several at once: Linux keeps capabilities, no-new-privs and the like per
// thread, and Node creates several before it loads an addon. `act` runs inside a signal handler: system calls only.
// Returns 0, the first non-zero result, or ETIMEDOUT when a thread did not answer.
int on_every_thread(int (*act)());

}  // namespace wgq
