// SPDX-License-Identifier: MIT
#include "modules.h"

// The addon for tests: everything, and parts of the engine as separate functions (testing.ts).
static napi_value initialize(napi_env env, napi_value exports) {
  try {
    wgq::register_all(env, exports);
    wgq::register_testing(env, exports);
  } catch (const wgq::js::Pending&) {
    return nullptr;
  }
  return exports;
}

NAPI_MODULE(NODE_GYP_MODULE_NAME, initialize)
