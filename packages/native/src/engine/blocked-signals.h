// SPDX-License-Identifier: MIT
#pragma once

#include <signal.h>

namespace wgq {

// Blocks all signals on this thread while it lives, so that threads created meanwhile never handle one: only the main
// thread does.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace wgq
