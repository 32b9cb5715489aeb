// SPDX-License-Identifier: MIT
#pragma once

#include <node_api.h>

struct uv_handle_s;

namespace wgq {

// Calls a JavaScript function on the event loop whenever a descriptor is readable, until destroyed.
class Readiness {
 public:
  Readiness(napi_env env, int fd, napi_value listener);
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;
  ~Readiness();

 private:
  static void ready(uv_handle_s* handle, int status, int events);

  napi_env env_;
  napi_ref listener_ = nullptr;
  napi_async_context context_ = nullptr;
  uv_handle_s* handle_ = nullptr;
};

}  // namespace wgq
