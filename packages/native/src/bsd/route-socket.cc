// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/socket.h>

#include <memory>
#include <vector>

#include "modules.h"
#include "system/message-socket.h"

namespace wgq {
namespace {

// A routing socket: reports changes of interfaces, addresses and routes, and answers route queries.
class RouteSocket : public MessageSocket {
 public:
  RouteSocket() : MessageSocket(::socket(PF_ROUTE, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    if (fd() < 0) throw_errno("socket PF_ROUTE");
  }

  void send(js::Bytes message) {
    if (::write(fd(), message.data(), message.size()) < 0) throw_errno("write to a routing socket");
  }

  // Receives a message; false if none is waiting. ENOBUFS: the kernel dropped some.
  bool receive(std::vector<std::uint8_t>& message) {
    constexpr std::size_t most_bytes = 8192;
    message.resize(most_bytes);
    ssize_t got;
    do got = ::read(fd(), message.data(), message.size());
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) return false;
    if (got < 0) throw_errno("read from a routing socket");
    message.resize(static_cast<std::size_t>(got));
    return true;
  }
};

// openRouteSocket()
napi_value open_route_socket(js::Call& call) {
  auto socket = std::make_unique<RouteSocket>();
  return js::wrap(call.env, message_socket<RouteSocket>(call.env), std::move(socket));
}

}  // namespace

void register_route_socket(napi_env env, napi_value exports) {
  js::define<open_route_socket>(env, exports, "openRouteSocket");
}

}  // namespace wgq
