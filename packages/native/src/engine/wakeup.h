// SPDX-License-Identifier: MIT
#pragma once

#include <sys/eventfd.h>

#include <cstdint>

#include "napi/error.h"
#include "system/descriptor.h"

namespace wgq {

// Wakes a thread that sleeps in poll.
class Wakeup {
 public:
  Wakeup() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (!fd_) throw_errno("eventfd");
  }
  int fd() const { return fd_.get(); }
  void signal() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &one, sizeof one);
  }
  void clear() const {
    std::uint64_t count;
    [[maybe_unused]] const ssize_t read = ::read(fd_.get(), &count, sizeof count);
  }

 private:
  Descriptor fd_;
};

}  // namespace wgq
