// SPDX-License-Identifier: MIT
#pragma once

#include <node_api.h>

#include <functional>

struct uv_handle_s;

namespace wgq {

// Calls a JavaScript function on the event loop whenever a descriptor is readable, at most once each turn, until destroyed.
// `first` runs before it.
class Readiness {
 public:
  Readiness(napi_env env, int fd, napi_value listener, std::function<void()> first = {});
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;
  ~Readiness();

 private:
  static void ready(uv_handle_s* handle, int status, int events);

  napi_env env_;
  std::function<void()> first_;
  napi_ref listener_ = nullptr;
  napi_async_context context_ = nullptr;
  uv_handle_s* handle_ = nullptr;
};

}  // namespace wgq
