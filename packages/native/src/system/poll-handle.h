// SPDX-License-Identifier: MIT
#pragma once

#include <node_api.h>

#include <cstdint>

struct uv_handle_s;

namespace wgq {

// A descriptor that the event loop watches. Must be destroyed before the descriptor is closed.
class PollHandle {
 public:
  // Called with `context` and `number` when the descriptor is ready or failed; it may destroy the handle.
  using Ready = void (*)(void* context, std::uint32_t number);

  // Watches nothing yet. Raises SystemError.
  PollHandle(napi_env env, int fd, Ready ready, void* context, std::uint32_t number = 0);
  PollHandle(const PollHandle&) = delete;
  PollHandle& operator=(const PollHandle&) = delete;
  ~PollHandle();

  // Bits of uv::readable and uv::writable; 0 for nothing.
  void watch(int events);

 private:
  static void polled(uv_handle_s* handle, int status, int events);

  uv_handle_s* handle_ = nullptr;
  Ready ready_;
  void* context_;
  std::uint32_t number_;
};

}  // namespace wgq
