// SPDX-License-Identifier: MIT
#include "testing/stack-residue.h"

#include <algorithm>
#include <cstring>

namespace wgq {
namespace {

constexpr std::size_t depth_bytes = 65536;

// Memory below the caller's frame, as earlier calls have left it.
[[gnu::noinline]] std::uint8_t* below(std::uint8_t* memory) {
  asm volatile("" : "+r"(memory) : : "memory");  // hides from the compiler that the memory is uninitialized
  return memory;
}

[[gnu::noinline]] void clear() {
  std::uint8_t space[depth_bytes];
  std::memset(below(space), 0, depth_bytes);
}

[[gnu::noinline]] bool search(std::span<const std::uint8_t> bytes) {
  std::uint8_t space[depth_bytes];
  const std::uint8_t* memory = below(space);
  const std::uint8_t* end = memory + depth_bytes;
  return std::search(memory, end, bytes.begin(), bytes.end()) != end;
}

}  // namespace

bool stack_holds(std::span<const std::uint8_t> bytes, const std::function<void()>& act) {
  clear();
  act();
  return search(bytes);
}

}  // namespace wgq
