// SPDX-License-Identifier: MIT
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#ifdef __FreeBSD__
#include <sys/procctl.h>
#include <sys/types.h>
#endif

#include "modules.h"
#include "napi/error.h"

namespace wgq {
namespace {

// setDumpable(allowed): core dumps; on FreeBSD also ptrace by the same user.
napi_value set_dumpable(js::Call& call) {
  const bool allowed = call[0].boolean();
#ifdef __FreeBSD__
  int wanted = allowed ? PROC_TRACE_CTL_ENABLE : PROC_TRACE_CTL_DISABLE;
  if (::procctl(P_PID, ::getpid(), PROC_TRACE_CTL, &wanted) < 0) throw_errno("procctl PROC_TRACE_CTL");
#endif
  rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) < 0) throw_errno("getrlimit RLIMIT_CORE");
  limit.rlim_cur = allowed ? limit.rlim_max : 0;
  if (::setrlimit(RLIMIT_CORE, &limit) < 0) throw_errno("setrlimit RLIMIT_CORE");
  return nullptr;
}

// setProcessName(name)
napi_value set_process_name(js::Call& call) {
  ::setproctitle("-%s", call[0].string().c_str());
  return nullptr;
}

#ifdef __OpenBSD__
// unveil(path, permissions); both undefined: no further calls.
napi_value unveil_path(js::Call& call) {
  if (call[0].absent()) {
    if (::unveil(nullptr, nullptr) < 0) throw_errno("unveil");
    return nullptr;
  }
  const std::string path = call[0].string(), permissions = call[1].string();
  if (::unveil(path.c_str(), permissions.c_str()) < 0) throw SystemError{errno, "unveil " + path};
  return nullptr;
}

// pledge(promises)
napi_value pledge_to(js::Call& call) {
  if (::pledge(call[0].string().c_str(), nullptr) < 0) throw_errno("pledge");
  return nullptr;
}
#endif

}  // namespace

void register_privileges(napi_env env, napi_value exports) {
  js::define<set_dumpable>(env, exports, "setDumpable");
  js::define<set_process_name>(env, exports, "setProcessName");
#ifdef __OpenBSD__
  js::define<unveil_path>(env, exports, "unveil");
  js::define<pledge_to>(env, exports, "pledge");
#endif
}

}  // namespace wgq
