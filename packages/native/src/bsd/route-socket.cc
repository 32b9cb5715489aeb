// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/socket.h>

#include <memory>
#include <vector>

#include "modules.h"
#include "system/descriptor.h"
#include "system/readiness.h"

namespace wgq {
namespace {

// A routing socket: reports changes of interfaces, addresses and routes, and answers route queries.
class RouteSocket {
 public:
  RouteSocket() : fd_(::socket(PF_ROUTE, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    if (!fd_) throw_errno("socket PF_ROUTE");
  }

  void send(js::Bytes message) {
    if (::write(fd_.get(), message.data(), message.size()) < 0) throw_errno("write to a routing socket");
  }

  // Receives a message; false if none is waiting. ENOBUFS: the kernel dropped some.
  bool receive(std::vector<std::uint8_t>& message) {
    constexpr std::size_t most_bytes = 8192;
    message.resize(most_bytes);
    ssize_t got;
    do got = ::read(fd_.get(), message.data(), message.size());
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) return false;
    if (got < 0) throw_errno("read from a routing socket");
    message.resize(static_cast<std::size_t>(got));
    return true;
  }

  void watch(napi_env env, napi_value listener) {
    readiness_.reset();
    if (listener) readiness_ = std::make_unique<Readiness>(env, fd_.get(), listener);
  }

  void close() {
    readiness_.reset();
    fd_.reset();
  }

 private:
  Descriptor fd_;
  std::unique_ptr<Readiness> readiness_;
};

napi_value send(js::Call& call) {
  call.wrapped<RouteSocket>().send(call[0].bytes());
  return nullptr;
}

napi_value receive(js::Call& call) {
  std::vector<std::uint8_t> message;
  return call.wrapped<RouteSocket>().receive(message) ? js::buffer(call.env, message) : nullptr;
}

napi_value watch(js::Call& call) {
  call.wrapped<RouteSocket>().watch(call.env, call[0].absent() ? nullptr : call[0].raw());
  return nullptr;
}

napi_value close(js::Call& call) {
  call.wrapped<RouteSocket>().close();
  return nullptr;
}

// openRouteSocket()
napi_value open_route_socket(js::Call& call) {
  auto socket = std::make_unique<RouteSocket>();
  napi_value made = js::object(call.env);
  js::define<send>(call.env, made, "send");
  js::define<receive>(call.env, made, "receive");
  js::define<watch>(call.env, made, "watch");
  js::define<close>(call.env, made, "close");
  return js::wrap(call.env, made, std::move(socket));
}

}  // namespace

void register_route_socket(napi_env env, napi_value exports) {
  js::define<open_route_socket>(env, exports, "openRouteSocket");
}

}  // namespace wgq
