// SPDX-License-Identifier: MIT
#include "engine/udp-sockets.h"

#include "engine/control-messages.h"
#include "engine/platform.h"

namespace wgq {
namespace {

using platform::set_option;

void mark_socket(const UdpSocket& socket, std::uint32_t mark) {
  if (!socket) return;
  if (const int error = platform::set_mark(socket.fd.get(), mark)) throw SystemError{error, platform::mark_name};
}

std::uint16_t bind_any(int fd, int family, std::uint16_t port) {
  sockaddr_storage address{};
  Endpoint any;
  any.family = family == AF_INET ? 4 : 6;
  any.port = port;
  socklen_t length = to_sockaddr(any, address);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), length) < 0) throw_errno("bind");
  length = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) < 0) throw_errno("getsockname");
  return from_sockaddr(address).port;
}

// Opens one family. Returns the bound port, or 0 with the socket closed when the system lacks the family.
std::uint16_t open_family(UdpSocket& socket, int family, std::uint16_t port, const SocketOptions& options) {
  Descriptor fd(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!fd) {
    if (errno == EAFNOSUPPORT) return 0;
    throw_errno("socket");
  }
  const int s = fd.get();
  if (family == AF_INET6 && !set_option(s, IPPROTO_IPV6, IPV6_V6ONLY, 1)) throw_errno("setsockopt IPV6_V6ONLY");
  platform::set_datagram_options(s, family);
  platform::set_buffer(s, platform::Buffer::receiving, options.receive_buffer);
  platform::set_buffer(s, platform::Buffer::sending, 4 << 20);
  if constexpr (platform::offloads) {
    socket.coalescing = options.coalescing && set_option(s, IPPROTO_UDP, udp_coalescing, 1);
    int segment = 0;
    socklen_t length = sizeof segment;
    socket.segmentation =
        options.segmentation && ::getsockopt(s, IPPROTO_UDP, udp_segmentation, &segment, &length) == 0;
  }
  try {
    port = bind_any(s, family, port);
  } catch (const SystemError& error) {
    if (error.number == EADDRNOTAVAIL || error.number == EAFNOSUPPORT) return 0;  // IPv6 disabled by sysctl
    throw;
  }
  socket.hop_limit = platform::hop_limit(s, family);
  socket.fd = std::move(fd);
  if (options.mark) mark_socket(socket, options.mark);
  return port;
}

}  // namespace

std::unique_ptr<UdpSockets> UdpSockets::open(std::uint16_t port, const SocketOptions& options) {
  for (int attempt = 0;; attempt++) {
    auto pair = std::make_unique<UdpSockets>();
    pair->port = open_family(pair->v4, AF_INET, port, options);
    try {
      const std::uint16_t v6 = open_family(pair->v6, AF_INET6, pair->v4 ? pair->port : port, options);
      if (!pair->v4) pair->port = v6;
    } catch (const SystemError& error) {
      if (error.number == EADDRINUSE && port == 0 && attempt < 100) continue;  // in use for IPv6 only: choose again
      throw;
    }
    if (!pair->v4 && !pair->v6) throw SystemError{EAFNOSUPPORT, "socket"};
    return pair;
  }
}

void UdpSockets::set_mark(std::uint32_t mark) {
  mark_socket(v4, mark);
  mark_socket(v6, mark);
}

}  // namespace wgq
