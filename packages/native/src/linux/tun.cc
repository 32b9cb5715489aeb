// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <cstring>
#include <string>

#include "engine/platform.h"
#include "linux/netns.h"
#include "modules.h"
#include "system/descriptor.h"

#ifndef TUN_F_USO4  // Linux 6.2
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

namespace wgq {
namespace {

enum class Offload { automatic, tcp, off };

struct Tun {
  Descriptor fd;
  std::string name;
  bool vnet_header = false;
  bool family_word = false;
  bool udp_segmentation = false;
};

// A portable build works like tun(4) of the BSDs: a word before each packet, one packet at a time.
constexpr short no_word = platform::offloads ? IFF_NO_PI : 0;

// Requests super-packets from the stack; false if it cannot provide any.
bool enable_offload(Tun& tun, Offload wanted) {
  constexpr unsigned tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  if (::ioctl(tun.fd.get(), TUNSETOFFLOAD, tcp) < 0) return false;
  if (wanted == Offload::automatic)
    tun.udp_segmentation = ::ioctl(tun.fd.get(), TUNSETOFFLOAD, tcp | TUN_F_USO4 | TUN_F_USO6) == 0;
  return true;
}

Tun create(const std::string& name, Offload offload, bool multi_queue) {
  if constexpr (!platform::offloads) offload = Offload::off;
  Tun tun;
  tun.fd = Descriptor(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!tun.fd) throw_errno("open /dev/net/tun");
  ifreq request{};
  std::memcpy(request.ifr_name, name.data(), name.size());
  unsigned flags = IFF_TUN | no_word;
  if (offload != Offload::off) flags |= IFF_VNET_HDR;
  if (multi_queue) flags |= IFF_MULTI_QUEUE;
  request.ifr_flags = static_cast<short>(flags);
  if (::ioctl(tun.fd.get(), TUNSETIFF, &request) < 0) {
    // A device created beforehand without the header, or a kernel that does not support it.
    if (errno == EINVAL && offload != Offload::off) return create(name, Offload::off, multi_queue);
    throw_errno("ioctl TUNSETIFF");
  }
  tun.name = request.ifr_name;
  tun.vnet_header = offload != Offload::off;
  tun.family_word = !platform::offloads;
  if (tun.vnet_header && !enable_offload(tun, offload)) {
    tun.fd.reset();
    return create(name, Offload::off, multi_queue);
  }
  return tun;
}

napi_value describe(napi_env env, Tun tun) {
  napi_value made = js::object(env);
  js::set(env, made, "fd", js::number(env, tun.fd.get()));
  js::set(env, made, "name", js::string(env, tun.name));
  js::set(env, made, "vnetHeader", js::boolean(env, tun.vnet_header));
  js::set(env, made, "familyWord", js::boolean(env, tun.family_word));
  js::set(env, made, "udpSegmentation", js::boolean(env, tun.udp_segmentation));
  tun.fd.release();
  return made;
}

Offload offload_named(const std::string& name) {
  if (name == "auto") return Offload::automatic;
  if (name == "tcp") return Offload::tcp;
  if (name == "off") return Offload::off;
  throw ArgumentError{"Expected offload auto, tcp or off, found " + name};
}

// openTun({name, netns?, offload, multiQueue?})
napi_value open_tun(js::Call& call) {
  js::Value options = call[0], netns = options.property("netns"), queues = options.property("multiQueue");
  const std::string name = options.property("name").string();
  if (name.size() >= IFNAMSIZ) throw SystemError{ENAMETOOLONG, "open TUN " + name};
  const Offload offload = offload_named(options.property("offload").string());
  const bool multi_queue = !queues.absent() && queues.boolean();
  auto open = [&] { return create(name, offload, multi_queue); };
  return describe(call.env, netns.absent() ? open() : inside_netns(open_netns(netns.string()), open));
}

// attachTun(fd, offload)
napi_value attach_tun(js::Call& call) {
  const int fd = call[0].i32();
  const Offload offload = offload_named(call[1].string());
  ifreq request{};
  if (::ioctl(fd, TUNGETIFF, &request) < 0) throw_errno("ioctl TUNGETIFF");
  if (::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK) < 0) throw_errno("fcntl F_SETFL");
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) throw_errno("fcntl F_SETFD");
  Tun tun;
  tun.fd = Descriptor(fd);
  tun.name = request.ifr_name;
  tun.vnet_header = request.ifr_flags & IFF_VNET_HDR;
  tun.family_word = !(request.ifr_flags & IFF_NO_PI);
  if (!(request.ifr_flags & IFF_TUN) || (tun.family_word && platform::offloads)) {
    tun.fd.release();
    throw SystemError{EINVAL, "attach: not a TUN without packet information"};
  }
  if (tun.vnet_header) {
    if (offload == Offload::off) ::ioctl(fd, TUNSETOFFLOAD, 0);
    else enable_offload(tun, offload);
  }
  return describe(call.env, std::move(tun));
}

}  // namespace

void register_tun(napi_env env, napi_value exports) {
  js::define<open_tun>(env, exports, "openTun");
  js::define<attach_tun>(env, exports, "attachTun");
}

}  // namespace wgq
