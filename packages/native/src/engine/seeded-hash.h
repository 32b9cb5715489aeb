// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/rand.h>

#include <cerrno>
#include <cstdint>
#include <initializer_list>

#include "napi/error.h"

namespace wgq {

// Places of values in a table of this process: a stranger who chooses values cannot make them meet.
class SeededHash {
 public:
  // Raises SystemError when random bytes are unavailable.
  SeededHash() {
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&seed_), sizeof seed_) != 1) throw SystemError{EIO, "RAND_bytes"};
  }

  std::uint64_t of(std::initializer_list<std::uint64_t> words) const {
    std::uint64_t mixed = seed_;
    for (const std::uint64_t word : words) {
      mixed = (mixed ^ word) * 0x9e3779b97f4a7c15u;
      mixed ^= mixed >> 32;
    }
    return mixed;
  }

 private:
  std::uint64_t seed_ = 0;
};

}  // namespace wgq
