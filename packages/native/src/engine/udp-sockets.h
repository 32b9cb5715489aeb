// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "system/descriptor.h"

namespace wgq {

struct SocketOptions {
  bool segmentation = true;  // UDP_SEGMENT
  bool coalescing = true;    // UDP_GRO
  int receive_buffer = 4 << 20;
  std::uint32_t mark = 0;
};

// One family's UDP socket.
struct UdpSocket {
  Descriptor fd;
  bool coalescing = false;
  std::atomic<bool> segmentation{false};
  std::uint8_t hop_limit = 0;  // of sent packets; 0 if unknown, or not settable for one message

  explicit operator bool() const { return static_cast<bool>(fd); }
};

// The pair of sockets, IPv4 and IPv6 on the same port. Either may be missing where the system lacks the family.
struct UdpSockets {
  UdpSocket v4, v6;
  std::uint16_t port = 0;

  // Opens and binds both; port 0 chooses one that is free in both families. Raises SystemError (EADDRINUSE …).
  static std::unique_ptr<UdpSockets> open(std::uint16_t port, const SocketOptions& options);
  // SO_MARK on both.
  void set_mark(std::uint32_t mark);

  UdpSocket& of_family(std::uint8_t family) { return family == 4 ? v4 : v6; }
};

}  // namespace wgq
