// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/rand.h>

#include <cerrno>
#include <cstdint>
#include <initializer_list>

#include "napi/error.h"

namespace wgq {

// Places of values in a table of this process. Strangers who choose values do not know which ones meet.
class SeededHash {
 public:
  // Raises SystemError when random bytes are unavailable.
  SeededHash() {
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&seed_), sizeof seed_) != 1) throw SystemError{EIO, "RAND_bytes"};
  }

  std::uint64_t of(std::initializer_list<std::uint64_t> words) const {
    std::uint64_t mixed = seed_;
    for (const std::uint64_t word : words) {
      mixed ^= word;
      // The finalizer of MurmurHash3: after one multiplication alone, differences in the highest bits cancel for every seed.
      mixed = (mixed ^ (mixed >> 33)) * 0xff51afd7ed558ccdu;
      mixed = (mixed ^ (mixed >> 33)) * 0xc4ceb9fe1a85ec53u;
      mixed ^= mixed >> 33;
    }
    return mixed;
  }

 private:
  std::uint64_t seed_ = 0;
};

}  // namespace wgq
