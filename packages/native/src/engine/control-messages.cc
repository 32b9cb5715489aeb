// SPDX-License-Identifier: MIT
#include "engine/control-messages.h"

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
  // The interface stays 0, so that asymmetric and policy routing keep working (protocol §10). Only an IPv6 link-local
  // source needs its link.
  if (endpoint.source_family == 4) {
    platform::OwnAddress own{};
    std::memcpy(&platform::address_in(own), endpoint.source_address, 4);
    add(IPPROTO_IP, platform::own_address_out, own);
  } else if (endpoint.source_family == 6) {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, endpoint.source_address, 16);
    if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = endpoint.source_interface;
    add(IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

void ControlMessages::tos(std::uint8_t family, std::uint8_t tos) {
  if (family == 6) add(IPPROTO_IPV6, IPV6_TCLASS, int{tos});
  else if constexpr (platform::has_tos) add(IPPROTO_IP, IP_TOS, platform::Tos{tos});
}

void ControlMessages::hop_limit(std::uint8_t family, std::uint8_t hops) {
  if (family == 6) add(IPPROTO_IPV6, IPV6_HOPLIMIT, int{hops});
  else add(IPPROTO_IP, IP_TTL, int{hops});
}

void ControlMessages::segment(std::uint16_t bytes) { add(IPPROTO_UDP, udp_segmentation, bytes); }

void ControlMessages::attach(msghdr& message) {
  message.msg_control = used_ ? space_ : nullptr;
  message.msg_controllen = static_cast<decltype(message.msg_controllen)>(used_);
}

DatagramFacts read_control_messages(msghdr& message, Endpoint& from) {
  DatagramFacts facts;
  auto is = [](const cmsghdr* c, int level, int type, std::size_t size) {
    return c->cmsg_level == level && c->cmsg_type == type && c->cmsg_len >= CMSG_LEN(size);
  };
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    const void* data = CMSG_DATA(c);
    if (is(c, IPPROTO_IP, platform::own_address_in, sizeof(platform::OwnAddress))) {
      platform::OwnAddress own;
      std::memcpy(&own, data, sizeof own);
      from.source_family = 4;
      from.source_interface = platform::interface_in(own);
      std::memcpy(from.source_address, &platform::address_in(own), 4);
    } else if (is(c, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(in6_pktinfo))) {
      in6_pktinfo info;
      std::memcpy(&info, data, sizeof info);
      from.source_family = 6;
      from.source_interface = static_cast<std::uint32_t>(info.ipi6_ifindex);
      std::memcpy(from.source_address, &info.ipi6_addr, 16);
    } else if (platform::has_tos && is(c, IPPROTO_IP, platform::tos_in, 1)) {
      std::memcpy(&facts.tos, data, 1);
    } else if (is(c, IPPROTO_IPV6, IPV6_TCLASS, sizeof(int))) {
      int tclass;
      std::memcpy(&tclass, data, sizeof tclass);
      facts.tos = static_cast<std::uint8_t>(tclass);
    } else if (platform::offloads && is(c, IPPROTO_UDP, udp_coalescing, sizeof(int))) {
      int size;
      std::memcpy(&size, data, sizeof size);
      facts.segment = static_cast<std::uint16_t>(size);
    }
  }
  return facts;
}

}  // namespace wgq
