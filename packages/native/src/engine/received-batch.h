// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/control-messages.h"
#include "engine/endpoint.h"
#include "engine/limits.h"

namespace wgq {

// A datagram as received, which may be several coalesced ones; modified in place.
struct ReceivedDatagram {
  std::uint8_t* data;
  std::size_t length;
  DatagramFacts facts;
  Endpoint from;
  bool truncated;
};

// Buffers for the datagrams of one recvmmsg.
class ReceivedBatch {
 public:
  explicit ReceivedBatch(std::size_t datagrams);

  // Calls recvmmsg without waiting. Returns the number of datagrams, or -1 with errno.
  int receive(int fd);
  std::size_t capacity() const { return headers_.size(); }
  // Number of datagrams of the last call.
  std::size_t count() const { return count_; }
  ReceivedDatagram at(std::size_t index);

 private:
  struct alignas(cmsghdr) ControlSpace {
    std::uint8_t bytes[receive_control_bytes];
  };

  std::uint8_t* buffer(std::size_t index);

  std::unique_ptr<std::uint8_t[]> buffers_;
  std::vector<mmsghdr> headers_;
  std::vector<iovec> vectors_;
  std::vector<sockaddr_storage> addresses_;
  std::vector<ControlSpace> controls_;
  std::size_t count_ = 0;
};

}  // namespace wgq
