// SPDX-License-Identifier: MIT
#include "linux/netns.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include "modules.h"

namespace wgq {

Descriptor open_netns(const std::string& path) {
  Descriptor netns(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!netns) throw SystemError{errno, "open " + path};
  return netns;
}

Descriptor netns_of_tun(int tun_fd) {
  Descriptor netns(::ioctl(tun_fd, TUNGETDEVNETNS, 0));
  if (!netns) throw_errno("ioctl TUNGETDEVNETNS");
  return netns;
}

// setNetns(path)
static napi_value set_netns(js::Call& call) {
  Descriptor netns = open_netns(call[0].string());
  if (::setns(netns.get(), CLONE_NEWNET) < 0) throw_errno("setns");
  return nullptr;
}

// netnsOfTun(fd): number
static napi_value tun_netns(js::Call& call) {
  return js::number(call.env, netns_of_tun(call[0].i32()).release());
}

void register_netns(napi_env env, napi_value exports) {
  js::define<set_netns>(env, exports, "setNetns");
  js::define<tun_netns>(env, exports, "netnsOfTun");
}

}  // namespace wgq
