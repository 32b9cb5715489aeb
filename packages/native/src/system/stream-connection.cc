// SPDX-License-Identifier: MIT
#include <sys/socket.h>

#include <memory>
#include <utility>

#include "modules.h"
#include "napi/callback.h"
#include "system/descriptor.h"
#include "system/poll-handle.h"
#include "system/stream-io.h"
#include "system/uv.h"

namespace wgq {
namespace {

// The client's end of a Unix stream.
class StreamConnection {
 public:
  StreamConnection(napi_env env, const std::string& path, napi_value on_ready)
      : on_ready_(env, on_ready, "wgq.connection"), fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    if (!fd_) throw_errno("socket");
    const sockaddr_un address = stream::address_of(path, "connect");
    int status;
    do status = ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    while (status < 0 && errno == EINTR);
    if (status < 0) throw_errno("connect");
    handle_ = std::make_unique<PollHandle>(env, fd_.get(), ready, this);
  }

  // The descriptor. Raises SystemError where the connection was closed.
  int fd() const {
    if (!fd_) throw SystemError{EBADF, "The connection was closed"};
    return fd_.get();
  }

  void watch(int events) {
    fd();
    handle_->watch(events);
  }

  void close() {
    handle_.reset();
    fd_.reset();
  }

 private:
  static void ready(void* self, std::uint32_t) { static_cast<StreamConnection*>(self)->on_ready_.call(); }

  js::Callback on_ready_;
  Descriptor fd_;
  std::unique_ptr<PollHandle> handle_;  // destroyed before the descriptor
};

StreamConnection& connection_of(js::Call& call) { return call.wrapped<StreamConnection>(); }

napi_value receive(js::Call& call) {
  return js::number(call.env, static_cast<double>(stream::receive(connection_of(call).fd(), call[0].bytes())));
}

napi_value send(js::Call& call) {
  return js::number(call.env, static_cast<double>(stream::send(connection_of(call).fd(), call[0].bytes())));
}

napi_value watch(js::Call& call) {
  return connection_of(call).watch((call[0].boolean() ? uv::readable : 0) | (call[1].boolean() ? uv::writable : 0)), nullptr;
}

napi_value close(js::Call& call) { return connection_of(call).close(), nullptr; }

// connectStream(path, onReady)
napi_value connect_stream(js::Call& call) {
  auto connection = std::make_unique<StreamConnection>(call.env, call[0].string(), call[1].raw());
  napi_value made = js::object(call.env);
  js::define<receive>(call.env, made, "receive");
  js::define<send>(call.env, made, "send");
  js::define<watch>(call.env, made, "watch");
  js::define<close>(call.env, made, "close");
  return js::wrap(call.env, made, std::move(connection));
}

}  // namespace

void register_stream_connection(napi_env env, napi_value exports) {
  js::define<connect_stream>(env, exports, "connectStream");
}

}  // namespace wgq
