// SPDX-License-Identifier: MIT
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>

#include "engine/endpoint.h"
#include "engine/platform.h"

namespace wgq {

// UDP_SEGMENT and UDP_GRO of Linux, which some headers lack.
inline constexpr int udp_segmentation = 103, udp_coalescing = 104;

// The ancillary data of one sendmsg: source address, TOS, hop limit, segment size.
class ControlMessages {
 public:
  void source(const Endpoint& endpoint);
  void tos(std::uint8_t family, std::uint8_t tos);
  void hop_limit(std::uint8_t family, std::uint8_t hops);
  void segment(std::uint16_t bytes);
  void attach(msghdr& message);

 private:
  template <class T>
  void add(int level, int type, const T& value);

  alignas(cmsghdr) std::uint8_t space_[CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int)) * 2 +
                                       CMSG_SPACE(sizeof(std::uint16_t))]{};
  std::size_t used_ = 0;
};

// Room for the ancillary data of one received datagram.
inline constexpr std::size_t receive_control_bytes =
    CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int)) * 2 + CMSG_SPACE(sizeof(platform::OwnAddress));

// The ancillary data of a received datagram, decoded.
struct DatagramFacts {
  std::uint16_t segment = 0;  // 0: not coalesced
  std::uint8_t tos = 0;
};

// Reads the ancillary data; the local address becomes the source of `from`.
DatagramFacts read_control_messages(msghdr& message, Endpoint& from);

}  // namespace wgq
