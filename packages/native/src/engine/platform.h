// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>

#include "napi/error.h"
#include "system/descriptor.h"

#ifdef __linux__
#include "linux/tun-reattach.h"
#endif
#if defined(__FreeBSD__) || defined(__OpenBSD__)
#include <pthread_np.h>
#endif

// All differences between the engine on Linux and on the BSDs. With WGQ_PORTABLE a Linux build uses the code of the
// BSDs as far as Linux supports it (address family words, no super-packets, pipes), so that every test covers it.
#if defined(__linux__) && !defined(WGQ_PORTABLE)
#define WGQ_OFFLOADS 1
#include <sys/eventfd.h>
#else
#define WGQ_OFFLOADS 0
#endif

namespace wgq::platform {

// Super-packets: virtio headers of the TUN, UDP_SEGMENT and UDP_GRO of sockets.
inline constexpr bool offloads = WGQ_OFFLOADS;

// --- threads

inline void name_thread(pthread_t thread, const char* name) {
#if defined(__linux__)
  pthread_setname_np(thread, name);
#elif defined(__NetBSD__)
  pthread_setname_np(thread, "%s", const_cast<char*>(name));
#else
  pthread_set_name_np(thread, name);
#endif
}

// Descriptors that wake a thread from poll: one eventfd, or both ends of a pipe. They never block. Raises SystemError.
struct WakeupEnds {
  Descriptor reading, writing;  // without `writing`, write to `reading`
};
inline WakeupEnds open_wakeup() {
#if WGQ_OFFLOADS
  WakeupEnds ends{Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), {}};
  if (!ends.reading) throw_errno("eventfd");
  return ends;
#else
  int both[2];
  if (::pipe2(both, O_NONBLOCK | O_CLOEXEC) < 0) throw_errno("pipe2");
  return {Descriptor(both[0]), Descriptor(both[1])};
#endif
}

// --- memory

// Returns blocks of this size and more to the system when they are freed: glibc would keep the memory of a request of
// many megabytes, in pieces between blocks still in use.
inline void return_large_blocks() {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_THRESHOLD, 32 * 1024);
#endif
}

// --- TUN

// The word before a packet (Framing::family_word), in network byte order: an Ethernet type in a Linux TUN with packet
// information, an address family in tun(4).
inline std::uint32_t family_word(bool v4) {
#ifdef __linux__
  return htonl(v4 ? 0x0800u : 0x86ddu);
#else
  return htonl(v4 ? std::uint32_t{AF_INET} : std::uint32_t{AF_INET6});
#endif
}

// Whether this error of a read or write means that the device was removed; every other error is temporary.
inline bool means_gone(int error) {
#ifdef __linux__
  return error == EBADFD || error == ENODEV || error == EBADF;
#else
  return error == EIO || error == ENXIO || error == ENODEV || error == EBADF;
#endif
}

// Linux only: see linux/tun-reattach.h.
inline std::optional<SystemError> reattach_tun(int tun_fd) {
#ifdef __linux__
  return reattach_without_header(tun_fd);
#else
  (void)tun_fd;
  return SystemError{EOPNOTSUPP, "tun(4) has no virtio header"};
#endif
}

// --- addresses

// On the BSDs the first byte of an address is its length.
template <class Address>
void set_length(Address& address) {
#ifndef __linux__
  if constexpr (requires { address.sin_len; }) address.sin_len = sizeof address;
  else address.sin6_len = sizeof address;
#else
  (void)address;
#endif
}

// --- sockets

inline bool set_option(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// Our own IPv4 address in ancillary data, and its message types for receiving and sending.
#ifdef __linux__
using OwnAddress = in_pktinfo;
inline constexpr int own_address_in = IP_PKTINFO, own_address_out = IP_PKTINFO, ask_own_address = IP_PKTINFO;
inline in_addr& address_in(OwnAddress& own) { return own.ipi_spec_dst; }
inline std::uint32_t interface_in(const OwnAddress& own) { return static_cast<std::uint32_t>(own.ipi_ifindex); }
#else
using OwnAddress = in_addr;
// OpenBSD and FreeBSD use one number for both directions.
inline constexpr int own_address_in = IP_RECVDSTADDR, own_address_out = IP_SENDSRCADDR, ask_own_address = IP_RECVDSTADDR;
inline in_addr& address_in(OwnAddress& own) { return own; }
inline std::uint32_t interface_in(const OwnAddress&) { return 0; }  // not reported
#endif

// The TOS byte of IPv4 in ancillary data. OpenBSD and NetBSD support it in neither direction: there congestion marks
// stay inside the tunnel.
#if defined(__linux__)
inline constexpr bool has_tos = true;
using Tos = int;
inline constexpr int tos_in = IP_TOS, ask_tos = IP_RECVTOS;
#elif defined(__FreeBSD__)
inline constexpr bool has_tos = true;
using Tos = unsigned char;
inline constexpr int tos_in = IP_RECVTOS, ask_tos = IP_RECVTOS;
#else
inline constexpr bool has_tos = false;
using Tos = unsigned char;
inline constexpr int tos_in = -1, ask_tos = -1;
#endif

// Control messages of received datagrams, and fragments like the kernel's driver: no DF, fragmentation here allowed.
inline void set_datagram_options(int fd, int family) {
  if (family == AF_INET) {
    set_option(fd, IPPROTO_IP, ask_own_address, 1);
    if constexpr (has_tos) set_option(fd, IPPROTO_IP, ask_tos, 1);
#ifdef __linux__
    set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
#endif
  } else {
    set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
#ifdef __linux__
    set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
#endif
  }
}

// The hop limit of packets that a socket sends; 0 on systems that accept none for a single message.
inline std::uint8_t hop_limit(int fd, int family) {
#ifdef __linux__
  int hops = 0;
  socklen_t length = sizeof hops;
  const bool v4 = family == AF_INET;
  if (::getsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_UNICAST_HOPS, &hops, &length) < 0) return 0;
  return hops > 0 && hops <= 255 ? static_cast<std::uint8_t>(hops) : 0;
#else
  (void)fd;
  (void)family;
  return 0;
#endif
}

enum class Buffer { receiving, sending };

// Linux caps the requested size unless the capability allows more; the BSDs refuse it (ENOBUFS): then try half of it.
inline void set_buffer(int fd, Buffer which, int bytes) {
  const bool receiving = which == Buffer::receiving;
#ifdef __linux__
  if (set_option(fd, SOL_SOCKET, receiving ? SO_RCVBUFFORCE : SO_SNDBUFFORCE, bytes)) return;
#endif
  constexpr int least = 64 * 1024;
  for (; bytes >= least; bytes /= 2)
    if (set_option(fd, SOL_SOCKET, receiving ? SO_RCVBUF : SO_SNDBUF, bytes)) return;
}

// Sets this system's equivalent of FwMark; returns 0 or the errno. Linux: a packet mark; FreeBSD: a cookie for ipfw;
// OpenBSD: the routing table of the socket; NetBSD: nothing, so only 0, which is already set, succeeds.
inline int set_mark(int fd, std::uint32_t mark) {
#if defined(__linux__)
  return ::setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) < 0 ? errno : 0;
#elif defined(__FreeBSD__)
  return ::setsockopt(fd, SOL_SOCKET, SO_USER_COOKIE, &mark, sizeof mark) < 0 ? errno : 0;
#elif defined(__OpenBSD__)
  const int table = static_cast<int>(mark);
  return ::setsockopt(fd, SOL_SOCKET, SO_RTABLE, &table, sizeof table) < 0 ? errno : 0;
#else
  (void)fd;
  return mark == 0 ? 0 : EOPNOTSUPP;
#endif
}

inline constexpr const char* mark_name =
#if defined(__linux__)
    "setsockopt SO_MARK";
#elif defined(__FreeBSD__)
    "setsockopt SO_USER_COOKIE";
#elif defined(__OpenBSD__)
    "setsockopt SO_RTABLE";
#else
    "FwMark";
#endif

}  // namespace wgq::platform
