// SPDX-License-Identifier: MIT
#include "system/readiness.h"

#include <cstdlib>
#include <utility>

#include "system/uv.h"
#include "napi/value.h"

namespace wgq {

Readiness::Readiness(napi_env env, int fd, napi_value listener, std::function<void()> first)
    : env_(env), first_(std::move(first)) {
  uv_loop_s* loop = nullptr;
  js::check(napi_get_uv_event_loop(env, &loop));
  handle_ = static_cast<uv_handle_s*>(std::calloc(1, uv_handle_size(uv::poll_handle)));
  if (!handle_) throw SystemError{ENOMEM, "calloc"};
  int status = uv_poll_init(loop, handle_, fd);
  if (status < 0) {
    std::free(handle_);
    throw SystemError{-status, "uv_poll_init"};
  }
  uv_handle_set_data(handle_, this);
  js::check(napi_create_reference(env, listener, 1, &listener_));
  js::check(napi_async_init(env, nullptr, js::string(env, "wgq.readiness"), &context_));
  uv_poll_start(handle_, uv::readable, ready);
}

Readiness::~Readiness() {
  uv_poll_stop(handle_);
  uv_handle_set_data(handle_, nullptr);
  uv_close(handle_, [](uv_handle_s* handle) { std::free(handle); });
  napi_delete_reference(env_, listener_);
  napi_async_destroy(env_, context_);
}

void Readiness::ready(uv_handle_s* handle, int, int) {
  // A bad status (POLLERR after an overflow) is reported to the listener as well: its next receive raises the error.
  auto* self = static_cast<Readiness*>(uv_handle_get_data(handle));
  if (!self) return;
  if (self->first_) self->first_();
  napi_env env = self->env_;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value listener = nullptr, receiver = js::undefined(env);
  if (napi_get_reference_value(env, self->listener_, &listener) == napi_ok && listener) {
    napi_get_global(env, &receiver);
    if (napi_make_callback(env, self->context_, receiver, listener, 0, nullptr, nullptr) == napi_pending_exception) {
      napi_value error = nullptr;
      napi_get_and_clear_last_exception(env, &error);
      napi_fatal_exception(env, error);
    }
  }
  napi_close_handle_scope(env, scope);
}

}  // namespace wgq
