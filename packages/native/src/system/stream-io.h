// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "napi/error.h"
#include "napi/value.h"

// Functions for both ends of a Unix stream. All raise SystemError.
namespace wgq::stream {

inline void never_block_nor_inherit(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) throw_errno("fcntl");
}

inline sockaddr_un address_of(const std::string& path, const char* call) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw SystemError{ENAMETOOLONG, call};
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// The result of a call that transfers bytes; -1 if it would block.
template <class Act>
ssize_t outcome(const char* call, Act act) {
  ssize_t result;
  do result = act();
  while (result < 0 && errno == EINTR);
  if (result < 0 && errno != EAGAIN && errno != EWOULDBLOCK) throw_errno(call);
  return result;
}

// Returns the number of bytes read, 0 at the end of the stream, -1 if none are available.
inline ssize_t receive(int fd, js::Bytes into) {
  return outcome("recv", [=] { return ::recv(fd, into.data(), into.size(), 0); });
}

// Returns how many bytes the kernel accepted, -1 if none now.
inline ssize_t send(int fd, js::ConstBytes bytes) {
  return outcome("send", [=] { return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL); });
}

}  // namespace wgq::stream
