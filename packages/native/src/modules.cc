// SPDX-License-Identifier: MIT
#include "modules.h"

namespace wgq {

void register_all(napi_env env, napi_value exports) {
  register_system(env, exports);
  register_source(env, exports);
  register_stream_listener(env, exports);
  register_stream_connection(env, exports);
  register_privileges(env, exports);
  register_engine(env, exports);
  register_noise(env, exports);
#ifdef __linux__
  register_netlink_socket(env, exports);
  register_netns(env, exports);
  register_tun(env, exports);
#else
  register_route_socket(env, exports);
#endif
}

}  // namespace wgq
