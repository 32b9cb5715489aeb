// SPDX-License-Identifier: MIT
#include "engine/control-messages.h"

#include <netinet/udp.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace wgq {

template <class T>
void ControlMessages::add(int level, int type, const T& value) {
  cmsghdr header{};
  header.cmsg_len = CMSG_LEN(sizeof value);
  header.cmsg_level = level;
  header.cmsg_type = type;
  std::memcpy(space_ + used_, &header, sizeof header);
  std::memcpy(space_ + used_ + CMSG_LEN(0), &value, sizeof value);
  used_ += CMSG_SPACE(sizeof value);
}

void ControlMessages::source(const Endpoint& endpoint) {
  // The interface stays 0: the address alone, so that asymmetric and policy routing keep working (protocol §10). An IPv6
  // link-local source needs its link.
  if (endpoint.source_family == 4) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, endpoint.source_address, 4);
    add(IPPROTO_IP, IP_PKTINFO, info);
  } else if (endpoint.source_family == 6) {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, endpoint.source_address, 16);
    if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = endpoint.source_interface;
    add(IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

void ControlMessages::tos(std::uint8_t family, std::uint8_t tos) {
  const int value = tos;
  if (family == 4) add(IPPROTO_IP, IP_TOS, value);
  else add(IPPROTO_IPV6, IPV6_TCLASS, value);
}

void ControlMessages::segment(std::uint16_t bytes) { add(SOL_UDP, UDP_SEGMENT, bytes); }

void ControlMessages::attach(msghdr& message) {
  message.msg_control = used_ ? space_ : nullptr;
  message.msg_controllen = used_;
}

DatagramFacts read_control_messages(msghdr& message, Endpoint& from) {
  DatagramFacts facts;
  auto is = [](const cmsghdr* c, int level, int type, std::size_t size) {
    return c->cmsg_level == level && c->cmsg_type == type && c->cmsg_len >= CMSG_LEN(size);
  };
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    const void* data = CMSG_DATA(c);
    if (is(c, IPPROTO_IP, IP_PKTINFO, sizeof(in_pktinfo))) {
      in_pktinfo info;
      std::memcpy(&info, data, sizeof info);
      from.source_family = 4;
      from.source_interface = static_cast<std::uint32_t>(info.ipi_ifindex);
      std::memcpy(from.source_address, &info.ipi_spec_dst, 4);
    } else if (is(c, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(in6_pktinfo))) {
      in6_pktinfo info;
      std::memcpy(&info, data, sizeof info);
      from.source_family = 6;
      from.source_interface = static_cast<std::uint32_t>(info.ipi6_ifindex);
      std::memcpy(from.source_address, &info.ipi6_addr, 16);
    } else if (is(c, IPPROTO_IP, IP_TOS, 1)) {
      std::memcpy(&facts.tos, data, 1);
    } else if (is(c, IPPROTO_IPV6, IPV6_TCLASS, sizeof(int))) {
      int tclass;
      std::memcpy(&tclass, data, sizeof tclass);
      facts.tos = static_cast<std::uint8_t>(tclass);
    } else if (is(c, SOL_UDP, UDP_GRO, sizeof(int))) {
      int size;
      std::memcpy(&size, data, sizeof size);
      facts.segment = static_cast<std::uint16_t>(size);
    }
  }
  return facts;
}

}  // namespace wgq
