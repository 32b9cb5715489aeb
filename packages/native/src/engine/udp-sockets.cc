// SPDX-License-Identifier: MIT
#include "engine/udp-sockets.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "napi/error.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace wgq {
namespace {

bool set_option(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// Beyond the limit of the system where the capability allows it.
void set_buffer(int fd, int force, int plain, int bytes) {
  if (!set_option(fd, SOL_SOCKET, force, bytes)) set_option(fd, SOL_SOCKET, plain, bytes);
}

void mark_socket(const UdpSocket& socket, std::uint32_t mark) {
  if (!socket) return;
  if (::setsockopt(socket.fd.get(), SOL_SOCKET, SO_MARK, &mark, sizeof mark) < 0) throw_errno("setsockopt SO_MARK");
}

std::uint16_t bind_any(int fd, int family, std::uint16_t port) {
  sockaddr_storage address{};
  socklen_t length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  address.ss_family = static_cast<sa_family_t>(family);
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
  if (family == AF_INET) v4->sin_port = htons(port);
  else v6->sin6_port = htons(port);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), length) < 0) throw_errno("bind");
  length = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) < 0) throw_errno("getsockname");
  return ntohs(family == AF_INET ? v4->sin_port : v6->sin6_port);
}

// Opens one family; returns the bound port, or 0 with the socket closed when the system lacks the family.
std::uint16_t open_family(UdpSocket& socket, int family, std::uint16_t port, const SocketOptions& options) {
  Descriptor fd(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!fd) {
    if (errno == EAFNOSUPPORT) return 0;
    throw_errno("socket");
  }
  const int s = fd.get();
  if (family == AF_INET) {
    set_option(s, IPPROTO_IP, IP_PKTINFO, 1);
    set_option(s, IPPROTO_IP, IP_RECVTOS, 1);
    set_option(s, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);  // as the kernel: no DF, local fragmentation allowed
  } else {
    if (!set_option(s, IPPROTO_IPV6, IPV6_V6ONLY, 1)) throw_errno("setsockopt IPV6_V6ONLY");
    set_option(s, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set_option(s, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    set_option(s, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
  }
  set_buffer(s, SO_RCVBUFFORCE, SO_RCVBUF, options.receive_buffer);
  set_buffer(s, SO_SNDBUFFORCE, SO_SNDBUF, 4 << 20);
  socket.coalescing = options.coalescing && set_option(s, SOL_UDP, UDP_GRO, 1);
  int segment = 0;
  socklen_t length = sizeof segment;
  socket.segmentation = options.segmentation && ::getsockopt(s, SOL_UDP, UDP_SEGMENT, &segment, &length) == 0;
  try {
    port = bind_any(s, family, port);
  } catch (const SystemError& error) {
    if (error.number == EADDRNOTAVAIL || error.number == EAFNOSUPPORT) return 0;  // IPv6 disabled by sysctl
    throw;
  }
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
      if (error.number == EADDRINUSE && port == 0 && attempt < 100) continue;  // taken for IPv6 only: choose again
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
