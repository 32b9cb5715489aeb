// SPDX-License-Identifier: MIT
#include "system/readiness.h"

#include <utility>

#include "system/uv.h"

namespace wgq {

Readiness::Readiness(napi_env env, int fd, napi_value listener, std::function<void()> first)
    : first_(std::move(first)), listener_(env, listener, "wgq.readiness"), handle_(env, fd, ready, this) {
  handle_.watch(uv::readable);
}

void Readiness::ready(void* context, std::uint32_t) {
  const auto* self = static_cast<Readiness*>(context);
  if (self->first_) self->first_();
  self->listener_.call();
}

}  // namespace wgq
