// SPDX-License-Identifier: MIT
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "linux/every-thread.h"
#include "linux/system-call-filter.h"
#include "linux/tun-reattach.h"
#include "modules.h"
#include "system/descriptor.h"

namespace wgq {
namespace {

// setDumpable(allowed)
napi_value set_dumpable(js::Call& call) {
  if (::prctl(PR_SET_DUMPABLE, call[0].boolean() ? 1UL : 0UL, 0, 0, 0) < 0) throw_errno("prctl PR_SET_DUMPABLE");
  return nullptr;
}

// setProcessName(name)
napi_value set_process_name(js::Call& call) {
  if (::prctl(PR_SET_NAME, call[0].string().c_str(), 0, 0, 0) < 0) throw_errno("prctl PR_SET_NAME");
  return nullptr;
}

// startSession(): EPERM for the leader of a process group.
napi_value start_session(js::Call&) {
  if (::setsid() < 0) throw_errno("setsid");
  return nullptr;
}

// endWithParent(follows): whether the process gets SIGTERM when its parent ends.
napi_value end_with_parent(js::Call& call) {
  if (::prctl(PR_SET_PDEATHSIG, call[0].boolean() ? static_cast<unsigned long>(SIGTERM) : 0UL, 0, 0, 0) < 0)
    throw_errno("prctl PR_SET_PDEATHSIG");
  return nullptr;
}

std::uint64_t kept_capabilities = 0;

int keep_here() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return errno;
  // EPERM: without CAP_SETPCAP the bounding set stays, which no-new-privs makes irrelevant.
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
    if (!(kept_capabilities >> capability & 1) && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno != EPERM)
      return errno;
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  if (::syscall(SYS_capget, &header, sets) < 0) return errno;
  for (unsigned word = 0; word < 2; word++) {
    const auto mask = static_cast<std::uint32_t>(kept_capabilities >> (32 * word));
    sets[word].permitted &= mask;
    sets[word].effective &= mask;
    sets[word].inheritable &= mask;
  }
  return ::syscall(SYS_capset, &header, sets) < 0 ? errno : 0;
}

// keepCapabilities(mask): every thread keeps those of the mask that it has and drops all others permanently.
napi_value keep_capabilities(js::Call& call) {
  kept_capabilities = call[0].u64();
  if (const int error = on_every_thread(keep_here)) throw SystemError{error, "capset"};
  return nullptr;
}

// confineSystemCalls(mayEnterNamespaces)
napi_value confine(js::Call& call) {
  keep_spare_tun();
  confine_system_calls(call[0].boolean());
  return nullptr;
}

// notifyServiceManager(path, text): one datagram to a Unix socket, `@` first for the abstract namespace (sd_notify(3)).
napi_value notify_service_manager(js::Call& call) {
  const std::string path = call[0].string(), text = call[1].string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) throw ArgumentError{"Expected the path of a Unix socket"};
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path[0] == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const Descriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!socket) throw_errno("socket");
  if (::sendto(socket.get(), text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address), length) < 0)
    throw_errno("sendto");
  return nullptr;
}

}  // namespace

void register_privileges(napi_env env, napi_value exports) {
  js::define<set_dumpable>(env, exports, "setDumpable");
  js::define<set_process_name>(env, exports, "setProcessName");
  js::define<start_session>(env, exports, "startSession");
  js::define<end_with_parent>(env, exports, "endWithParent");
  js::define<keep_capabilities>(env, exports, "keepCapabilities");
  js::define<confine>(env, exports, "confineSystemCalls");
  js::define<notify_service_manager>(env, exports, "notifyServiceManager");
}

}  // namespace wgq
