// SPDX-License-Identifier: MIT
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <unordered_map>
#include <utility>

#include "modules.h"
#include "napi/callback.h"
#include "system/descriptor.h"
#include "system/poll-handle.h"
#include "system/stream-io.h"
#include "system/uv.h"

namespace wgq {
namespace {

// Node's own default; the kernel may cap it.
constexpr int backlog = 511;

Descriptor listening(Descriptor fd) {
  if (::listen(fd.get(), backlog) < 0) throw_errno("listen");
  return fd;
}

Descriptor listen_on(const std::string& path) {
  const sockaddr_un address = stream::address_of(path, "bind");
  Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) throw_errno("socket");
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) throw_errno("bind");
  // At once: `wg show` removes a socket that refuses it.
  return listening(std::move(fd));
}

// A listening socket with its connections. JavaScript identifies each by a number that is never reused, so that no call
// can affect the wrong connection after one is closed.
class StreamListener {
 public:
  // `fd` listens already. `on_ready` gets the number of the connection that is ready, 0 for the listening socket.
  StreamListener(napi_env env, Descriptor fd, napi_value on_ready)
      : env_(env), on_ready_(env, on_ready, "wgq.stream"), fd_(std::move(fd)) {
    stream::never_block_nor_inherit(fd_.get());
    handle_ = std::make_unique<PollHandle>(env, fd_.get(), ready, this);
    handle_->watch(uv::readable);
  }

  // Returns the number of a new connection, 0 if none is waiting. Raises SystemError (EMFILE …).
  std::uint32_t accept() {
    if (!fd_) return 0;
    Descriptor fd = next_descriptor();
    if (!fd) return 0;
    do last_++;
    while (last_ == 0 || streams_.contains(last_));
    auto handle = std::make_unique<PollHandle>(env_, fd.get(), ready, this, last_);
    streams_.emplace(last_, Stream{std::move(fd), std::move(handle)});
    return last_;
  }

  void accept_more(bool more) {
    if (handle_) handle_->watch(more ? uv::readable : 0);
  }

  // Returns the number of bytes read, 0 at the end of the stream, -1 if none are available. Raises SystemError.
  ssize_t receive(std::uint32_t number, js::Bytes into) {
    return stream::receive(of(number).fd.get(), into);
  }

  // Returns how many bytes the kernel accepted, -1 if none now. Raises SystemError.
  ssize_t send(std::uint32_t number, js::ConstBytes bytes) {
    return stream::send(of(number).fd.get(), bytes);
  }

  // The user who connected, as the kernel recorded it then. Raises SystemError.
  uid_t user(std::uint32_t number) {
#ifdef __linux__
    ucred peer{};
    socklen_t length = sizeof peer;
    if (::getsockopt(of(number).fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) throw_errno("getsockopt");
    return peer.uid;
#else
    uid_t user;
    gid_t group;
    if (::getpeereid(of(number).fd.get(), &user, &group) < 0) throw_errno("getpeereid");
    return user;
#endif
  }

  void watch(std::uint32_t number, int events) { of(number).handle->watch(events); }
  void close(std::uint32_t number) { streams_.erase(number); }

  void close_all() {
    streams_.clear();
    handle_.reset();
    fd_.reset();
  }

 private:
  struct Stream {
    Descriptor fd;
    std::unique_ptr<PollHandle> handle;  // destroyed first
  };

  static void ready(void* self, std::uint32_t number) { static_cast<StreamListener*>(self)->on_ready_.call({static_cast<double>(number)}); }

  Descriptor next_descriptor() {
    for (;;) {
#ifdef __linux__
      Descriptor fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
#else
      Descriptor fd(::accept(fd_.get(), nullptr, nullptr));
      if (fd) stream::never_block_nor_inherit(fd.get());
#endif
      if (fd || errno == EAGAIN || errno == EWOULDBLOCK) return fd;
      // The client may have disconnected already.
      if (errno != EINTR && errno != ECONNABORTED) throw_errno("accept");
    }
  }

  Stream& of(std::uint32_t number) {
    const auto found = streams_.find(number);
    if (found == streams_.end()) throw SystemError{EBADF, "The connection was closed"};
    return found->second;
  }

  napi_env env_;
  js::Callback on_ready_;
  Descriptor fd_;
  std::unique_ptr<PollHandle> handle_;
  std::unordered_map<std::uint32_t, Stream> streams_;
  std::uint32_t last_ = 0;
};

StreamListener& listener_of(js::Call& call) { return call.wrapped<StreamListener>(); }

napi_value accept(js::Call& call) { return js::number(call.env, listener_of(call).accept()); }
napi_value accept_more(js::Call& call) { return listener_of(call).accept_more(call[0].boolean()), nullptr; }

napi_value receive(js::Call& call) {
  return js::number(call.env, static_cast<double>(listener_of(call).receive(call[0].u32(), call[1].bytes())));
}

napi_value send(js::Call& call) {
  return js::number(call.env, static_cast<double>(listener_of(call).send(call[0].u32(), call[1].bytes())));
}

napi_value watch(js::Call& call) {
  const int events = (call[1].boolean() ? uv::readable : 0) | (call[2].boolean() ? uv::writable : 0);
  return listener_of(call).watch(call[0].u32(), events), nullptr;
}

napi_value user(js::Call& call) { return js::number(call.env, static_cast<double>(listener_of(call).user(call[0].u32()))); }
napi_value close(js::Call& call) { return listener_of(call).close(call[0].u32()), nullptr; }
napi_value close_all(js::Call& call) { return listener_of(call).close_all(), nullptr; }

// listenStreams({path} | {fd}, onReady)
napi_value listen_streams(js::Call& call) {
  const napi_env env = call.env;
  const js::Value fd = call[0].property("fd");
  Descriptor socket = fd.absent() ? listen_on(call[0].property("path").string()) : listening(Descriptor(fd.i32()));
  auto listener = std::make_unique<StreamListener>(env, std::move(socket), call[1].raw());
  napi_value made = js::object(env);
  js::define<accept>(env, made, "accept");
  js::define<accept_more>(env, made, "acceptMore");
  js::define<receive>(env, made, "receive");
  js::define<send>(env, made, "send");
  js::define<watch>(env, made, "watch");
  js::define<user>(env, made, "user");
  js::define<close>(env, made, "close");
  js::define<close_all>(env, made, "closeAll");
  return js::wrap(env, made, std::move(listener));
}

}  // namespace

void register_stream_listener(napi_env env, napi_value exports) {
  js::define<listen_streams>(env, exports, "listenStreams");
}

}  // namespace wgq
