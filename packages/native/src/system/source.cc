// SPDX-License-Identifier: MIT
#include "engine/endpoint.h"
#include "engine/platform.h"
#include "modules.h"

namespace wgq {
namespace {

// chooseSource(address, mark): Buffer | undefined
napi_value choose_source(js::Call& call) {
  const js::Bytes address = call[0].bytes();
  const std::uint32_t mark = call[1].u32();
  if (address.size() != 4 && address.size() != 16) throw ArgumentError{"Expected an address of 4 or 16 bytes"};
  Endpoint to;
  to.family = address.size() == 4 ? 4 : 6;
  to.port = 9;  // discard; nothing is sent
  std::memcpy(to.address, address.data(), address.size());
  const Descriptor fd(::socket(to.family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || (mark && platform::set_mark(fd.get(), mark) != 0)) return nullptr;
  sockaddr_storage name{};
  socklen_t length = to_sockaddr(to, name);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&name), length) < 0) return nullptr;
  name = {};
  length = sizeof name;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &length) < 0) return nullptr;
  const Endpoint from = from_sockaddr(name);
  return js::buffer(call.env, {from.address, from.address_length()});
}

}  // namespace

void register_source(napi_env env, napi_value exports) { js::define<choose_source>(env, exports, "chooseSource"); }

}  // namespace wgq
