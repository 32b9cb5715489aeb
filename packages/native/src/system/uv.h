// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

// The few functions of libuv that are used. They resolve from the node binary, whose ABI of version 1 is stable; uv.h is
// not needed to build.
extern "C" {

struct uv_loop_s;
struct uv_handle_s;

using uv_poll_cb = void (*)(uv_handle_s* handle, int status, int events);
using uv_close_cb = void (*)(uv_handle_s* handle);

std::size_t uv_handle_size(int type);
void* uv_handle_get_data(const uv_handle_s* handle);
void uv_handle_set_data(uv_handle_s* handle, void* data);
int uv_poll_init(uv_loop_s* loop, uv_handle_s* handle, int fd);
int uv_poll_start(uv_handle_s* handle, int events, uv_poll_cb callback);
int uv_poll_stop(uv_handle_s* handle);
void uv_close(uv_handle_s* handle, uv_close_cb callback);
}

namespace wgq::uv {

constexpr int poll_handle = 8;  // UV_POLL
constexpr int readable = 1;     // UV_READABLE
constexpr int writable = 2;     // UV_WRITABLE

}  // namespace wgq::uv
