// SPDX-License-Identifier: MIT
#include "system/poll-handle.h"

#include <cstdlib>

#include "napi/value.h"
#include "system/uv.h"

namespace wgq {

PollHandle::PollHandle(napi_env env, int fd, Ready ready, void* context, std::uint32_t number)
    : ready_(ready), context_(context), number_(number) {
  uv_loop_s* loop = nullptr;
  js::check(napi_get_uv_event_loop(env, &loop));
  handle_ = static_cast<uv_handle_s*>(std::calloc(1, uv_handle_size(uv::poll_handle)));
  if (!handle_) throw SystemError{ENOMEM, "calloc"};
  const int status = uv_poll_init(loop, handle_, fd);
  if (status < 0) {
    std::free(handle_);
    throw SystemError{-status, "uv_poll_init"};
  }
  uv_handle_set_data(handle_, this);
}

PollHandle::~PollHandle() {
  uv_poll_stop(handle_);
  uv_handle_set_data(handle_, nullptr);
  uv_close(handle_, [](uv_handle_s* handle) { std::free(handle); });
}

void PollHandle::watch(int events) {
  const int status = events ? uv_poll_start(handle_, events, polled) : uv_poll_stop(handle_);
  if (status < 0) throw SystemError{-status, "uv_poll_start"};
}

void PollHandle::polled(uv_handle_s* handle, int, int) {
  // A bad status (POLLERR) needs no special handling: the next call on the descriptor raises the error.
  if (auto* self = static_cast<PollHandle*>(uv_handle_get_data(handle))) self->ready_(self->context_, self->number_);
}

}  // namespace wgq
