// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "napi/value.h"
#include "system/descriptor.h"
#include "system/readiness.h"

namespace wgq {

// A descriptor on which the kernel sends messages, and the JavaScript function that is called while one waits.
class MessageSocket {
 public:
  explicit MessageSocket(int fd) : fd_(fd) {}

  int fd() const { return fd_.get(); }

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

// The methods of such a socket: Socket adds `void send(js::Bytes)` and `bool receive(std::vector<std::uint8_t>&)`, which
// returns false if no message waits.

// send(message)
template <class Socket>
napi_value send_message(js::Call& call) {
  call.wrapped<Socket>().send(call[0].bytes());
  return nullptr;
}

// receive(): Buffer | undefined
template <class Socket>
napi_value receive_message(js::Call& call) {
  std::vector<std::uint8_t> message;
  return call.wrapped<Socket>().receive(message) ? js::buffer(call.env, message) : nullptr;
}

// watch(listener?)
template <class Socket>
napi_value watch_messages(js::Call& call) {
  call.wrapped<Socket>().watch(call.env, call[0].absent() ? nullptr : call[0].raw());
  return nullptr;
}

// close()
template <class Socket>
napi_value close_socket(js::Call& call) {
  call.wrapped<Socket>().close();
  return nullptr;
}

// An object with these four methods.
template <class Socket>
napi_value message_socket(napi_env env) {
  napi_value made = js::object(env);
  js::define<send_message<Socket>>(env, made, "send");
  js::define<receive_message<Socket>>(env, made, "receive");
  js::define<watch_messages<Socket>>(env, made, "watch");
  js::define<close_socket<Socket>>(env, made, "close");
  return made;
}

}  // namespace wgq
