// SPDX-License-Identifier: MIT
#include <net/if.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>

#include "modules.h"
#include "engine/platform.h"
#include "system/clock.h"
#include "system/descriptor.h"

namespace wgq {
namespace {

// The descriptor for a request: the caller's, or a datagram socket of a family, created for the call.
class IoctlTarget {
 public:
  explicit IoctlTarget(const js::Value& target) {
    js::Value fd = target.property("fd");
    if (!fd.absent()) {
      fd_ = fd.i32();
      return;
    }
    own_ = Descriptor(::socket(target.property("family").i32(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!own_) throw_errno("socket");
    fd_ = own_.get();
  }
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
  Descriptor own_;
};

int request_ioctl(int fd, unsigned long request, void* argument) {
  int result;
  do result = ::ioctl(fd, request, argument);
  while (result < 0 && errno == EINTR);
  if (result < 0) throw_errno("ioctl");
  return result;
}

// Number of bytes that the kernel reads or writes at the argument, as encoded in the request number.
std::size_t encoded_bytes(unsigned long request) {
#if defined(IOCPARM_LEN)
  return IOCPARM_LEN(request);
#elif defined(_IOC_SIZE)
  return _IOC_SIZE(request);
#else
  (void)request;
  return 0;
#endif
}

std::size_t request_bytes(unsigned long request) {
#if defined(IOCPARM_LEN)
  return encoded_bytes(request);
#else
  // The numbers of the requests in use here encode no size, or (TUNGETIFF) too small a one: all take a struct ifreq.
  return std::max<std::size_t>(encoded_bytes(request), sizeof(ifreq));
#endif
}

// ioctl(target, request, buffer): number
napi_value ioctl_buffer(js::Call& call) {
  IoctlTarget target(call[0]);
  auto request = static_cast<unsigned long>(call[1].u64());
  void* argument = nullptr;
  if (!call[2].absent()) {
    const js::Bytes buffer = call[2].bytes();
    const std::size_t needed = request_bytes(request);
    if (buffer.size() < needed)
      throw ArgumentError{"This ioctl takes a buffer of " + std::to_string(needed) + " bytes"};
    argument = buffer.data();
  }
  return js::number(call.env, request_ioctl(target.fd(), request, argument));
}

// ioctlWithPointer(target, request, header, pointerOffset, data): number
napi_value ioctl_with_pointer(js::Call& call) {
  IoctlTarget target(call[0]);
  auto request = static_cast<unsigned long>(call[1].u64());
  js::Bytes header = call[2].bytes();
  std::size_t offset = call[3].u32();
  if (offset > header.size() || header.size() - offset < sizeof(void*))
    throw ArgumentError{"The pointer does not fit into the header at this offset"};
  if (const std::size_t needed = encoded_bytes(request); header.size() < needed)
    throw ArgumentError{"This ioctl takes a header of " + std::to_string(needed) + " bytes"};
  void* data = call[4].absent() ? nullptr : call[4].bytes().data();
  std::memcpy(header.data() + offset, &data, sizeof data);
  int result = request_ioctl(target.fd(), request, header.data());
  std::memset(header.data() + offset, 0, sizeof data);  // JavaScript must not see an address
  return js::number(call.env, result);
}

napi_value interface_name(js::Call& call) {
  char name[IF_NAMESIZE];
  return if_indextoname(call[0].u32(), name) ? js::string(call.env, name) : nullptr;
}

napi_value interface_index(js::Call& call) {
  unsigned index = if_nametoindex(call[0].string().c_str());
  return index ? js::number(call.env, index) : nullptr;
}

napi_value boot_time(js::Call& call) { return js::bigint(call.env, boottime_ns()); }

napi_value zero(js::Call& call) {
  js::Bytes bytes = call[0].bytes();
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return nullptr;
}

// x25519PublicKey(privateKey): Buffer
napi_value x25519_public_key(js::Call& call) {
  js::Bytes secret = call[0].bytes();
  std::array<std::uint8_t, 32> result;
  std::size_t length = result.size();
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, secret.data(), secret.size()), EVP_PKEY_free);
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), result.data(), &length) != 1)
    throw ArgumentError{"A private key has 32 bytes"};
  return js::buffer(call.env, {result.data(), length});
}

// lockFile(fd, wait): boolean
napi_value lock_file(js::Call& call) {
  int operation = LOCK_EX | (call[1].boolean() ? 0 : LOCK_NB);
  int fd = call[0].i32();
  int result;
  do result = ::flock(fd, operation);
  while (result < 0 && errno == EINTR);
  if (result < 0 && errno != EWOULDBLOCK) throw_errno("flock");
  return js::boolean(call.env, result == 0);
}

// openMarkedSocket(isIpv6, mark): fd
napi_value open_marked_socket(js::Call& call) {
  Descriptor socket{::socket(call[0].boolean() ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket) throw_errno("socket");
  if (int failed = platform::set_mark(socket.get(), call[1].u32())) throw SystemError{failed, platform::mark_name};
  return js::number(call.env, socket.release());
}

// reap(pid): boolean
napi_value reap(js::Call& call) { return js::boolean(call.env, ::waitpid(call[0].i32(), nullptr, WNOHANG) > 0); }

}  // namespace

void register_system(napi_env env, napi_value exports) {
  js::define<ioctl_buffer>(env, exports, "ioctl");
  js::define<ioctl_with_pointer>(env, exports, "ioctlWithPointer");
  js::define<interface_name>(env, exports, "interfaceName");
  js::define<interface_index>(env, exports, "interfaceIndex");
  js::define<boot_time>(env, exports, "bootTimeNanoseconds");
  js::define<zero>(env, exports, "zero");
  js::define<x25519_public_key>(env, exports, "x25519PublicKey");
  js::define<lock_file>(env, exports, "lockFile");
  js::define<open_marked_socket>(env, exports, "openMarkedSocket");
  js::define<reap>(env, exports, "reap");
}

}  // namespace wgq
