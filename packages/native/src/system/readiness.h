// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "napi/callback.h"
#include "system/poll-handle.h"

namespace wgq {

// Calls a JavaScript function on the event loop whenever a descriptor is readable, at most once a turn, until
// destroyed. `first` runs before each call.
class Readiness {
 public:
  Readiness(napi_env env, int fd, napi_value listener, std::function<void()> first = {});

 private:
  static void ready(void* self, std::uint32_t);

  std::function<void()> first_;
  js::Callback listener_;
  PollHandle handle_;
};

}  // namespace wgq
