// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace wgq {

// Whether the stack that `act` used contains these bytes afterwards.
bool stack_holds(std::span<const std::uint8_t> bytes, const std::function<void()>& act);

}  // namespace wgq
