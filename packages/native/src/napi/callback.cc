// SPDX-License-Identifier: MIT
#include "napi/callback.h"

#include "napi/value.h"

namespace wgq::js {

Callback::Callback(napi_env env, napi_value function, const char* name) : env_(env) {
  check(napi_create_reference(env, function, 1, &function_));
  if (napi_async_init(env, nullptr, string(env, name), &context_) != napi_ok) {
    napi_delete_reference(env, function_);
    throw Pending{};
  }
}

Callback::~Callback() {
  napi_delete_reference(env_, function_);
  napi_async_destroy(env_, context_);
}

void Callback::call(std::initializer_list<double> numbers) const {
  constexpr std::size_t most = 2;
  const napi_env env = env_;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value function = nullptr, receiver = undefined(env), arguments[most];
  std::size_t count = 0;
  for (const double number : numbers)
    if (count < most && napi_create_double(env, number, &arguments[count]) == napi_ok) count++;
  if (napi_get_reference_value(env, function_, &function) == napi_ok && function) {
    napi_get_global(env, &receiver);
    if (napi_make_callback(env, context_, receiver, function, count, arguments, nullptr) == napi_pending_exception) {
      napi_value error = nullptr;
      napi_get_and_clear_last_exception(env, &error);
      napi_fatal_exception(env, error);
    }
  }
  napi_close_handle_scope(env, scope);
}

}  // namespace wgq::js
