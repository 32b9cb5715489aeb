// SPDX-License-Identifier: MIT
#pragma once

#include "napi/value.h"

// Functions by which each part adds its exports to the addon.
namespace wgq {

void register_system(napi_env env, napi_value exports);
void register_source(napi_env env, napi_value exports);
void register_stream_listener(napi_env env, napi_value exports);
void register_stream_connection(napi_env env, napi_value exports);
void register_privileges(napi_env env, napi_value exports);
void register_engine(napi_env env, napi_value exports);
void register_noise(napi_env env, napi_value exports);

#ifdef __linux__
void register_netlink_socket(napi_env env, napi_value exports);
void register_netns(napi_env env, napi_value exports);
void register_tun(napi_env env, napi_value exports);
#else
void register_route_socket(napi_env env, napi_value exports);
#endif

// Calls all of them.
void register_all(napi_env env, napi_value exports);

// Parts of the engine, only in the addon for tests.
void register_testing(napi_env env, napi_value exports);

}  // namespace wgq
