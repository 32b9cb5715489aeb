// SPDX-License-Identifier: MIT
#pragma once

#include "napi/value.h"

// Functions by which each part adds its functions for tests.
namespace wgq {

void register_handshakes_for_tests(napi_env env, napi_value testing);
void register_sessions_for_tests(napi_env env, napi_value testing);

}  // namespace wgq
