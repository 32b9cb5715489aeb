// SPDX-License-Identifier: MIT
#pragma once

#include <node_api.h>

#include <initializer_list>

namespace wgq::js {

// A JavaScript function that native code calls from the event loop.
class Callback {
 public:
  // `name` is shown by tools for asynchronous resources.
  Callback(napi_env env, napi_value function, const char* name);
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;
  ~Callback();

  // Calls the function. An error that it throws is an uncaught exception. The function may destroy this object.
  void call(std::initializer_list<double> numbers = {}) const;

 private:
  napi_env env_;
  napi_ref function_ = nullptr;
  napi_async_context context_ = nullptr;
};

}  // namespace wgq::js
