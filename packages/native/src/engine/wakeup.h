// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "engine/platform.h"

namespace wgq {

// Wakes a thread that sleeps in poll.
class Wakeup {
 public:
  Wakeup() : ends_(platform::open_wakeup()) {}
  int fd() const { return ends_.reading.get(); }
  void signal() const {
    const std::uint64_t one = 1;  // added to an eventfd; a full pipe needs no further byte
    const Descriptor& end = ends_.writing ? ends_.writing : ends_.reading;
    [[maybe_unused]] const ssize_t written = ::write(end.get(), &one, sizeof one);
  }
  void clear() const {
    std::uint64_t counts[64];
    while (::read(ends_.reading.get(), counts, sizeof counts) == static_cast<ssize_t>(sizeof counts)) {
    }
  }

 private:
  platform::WakeupEnds ends_;
};

}  // namespace wgq
