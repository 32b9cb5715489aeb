// SPDX-License-Identifier: MIT
#include "napi/error.h"

#include <cstring>
#include <map>

namespace wgq {

std::string errno_name(int number) {
#define NAME(x) {x, #x}
  static const std::map<int, const char*> names = {
      NAME(EPERM), NAME(ENOENT), NAME(ESRCH), NAME(EINTR), NAME(EIO), NAME(ENXIO), NAME(E2BIG), NAME(EBADF),
      NAME(EAGAIN), NAME(ENOMEM), NAME(EACCES), NAME(EFAULT), NAME(EBUSY), NAME(EEXIST), NAME(EXDEV), NAME(ENODEV), NAME(ENOTDIR),
      NAME(EISDIR), NAME(EINVAL), NAME(ENFILE), NAME(EMFILE), NAME(ENOTTY), NAME(ENOSPC), NAME(EROFS), NAME(EPIPE),
      NAME(ERANGE), NAME(ENAMETOOLONG), NAME(ENOSYS), NAME(ELOOP), NAME(EPROTO), NAME(EOVERFLOW), NAME(ENOTSOCK),
      NAME(EDESTADDRREQ), NAME(EMSGSIZE), NAME(EPROTOTYPE), NAME(ENOPROTOOPT), NAME(EPROTONOSUPPORT),
      NAME(EOPNOTSUPP), NAME(EAFNOSUPPORT), NAME(EADDRINUSE), NAME(EADDRNOTAVAIL), NAME(ENETDOWN),
      NAME(ENETUNREACH), NAME(ENETRESET), NAME(ECONNABORTED), NAME(ECONNRESET), NAME(ENOBUFS), NAME(EISCONN),
      NAME(ENOTCONN), NAME(ETIMEDOUT), NAME(ECONNREFUSED), NAME(EHOSTDOWN), NAME(EHOSTUNREACH), NAME(EALREADY),
      NAME(EINPROGRESS), NAME(ENOTEMPTY),
#ifdef __linux__
      NAME(EBADFD), NAME(ENOKEY), NAME(ENOTUNIQ),
#endif
  };
#undef NAME
  auto found = names.find(number);
  if (found != names.end()) return found->second;
  std::string name("E");
  return name.append(std::to_string(number));
}

std::string error_text(const SystemError& failure) {
  return errno_name(failure.number) + ": " + std::strerror(failure.number) + ", " + failure.call;
}

}  // namespace wgq
