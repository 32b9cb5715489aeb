// SPDX-License-Identifier: MIT
#include "modules.h"

static napi_value initialize(napi_env env, napi_value exports) {
  try {
    wgq::register_system(env, exports);
    wgq::register_source(env, exports);
    wgq::register_stream_listener(env, exports);
    wgq::register_privileges(env, exports);
    wgq::register_engine(env, exports);
    wgq::register_noise(env, exports);
    wgq::register_testing(env, exports);
#ifdef __linux__
    wgq::register_netlink_socket(env, exports);
    wgq::register_netns(env, exports);
    wgq::register_tun(env, exports);
#else
    wgq::register_route_socket(env, exports);
#endif
  } catch (const wgq::js::Pending&) {
    return nullptr;
  }
  return exports;
}

NAPI_MODULE(NODE_GYP_MODULE_NAME, initialize)
