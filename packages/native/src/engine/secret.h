// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/crypto.h>

#include <array>
#include <cstdint>
#include <span>

namespace wgq {

// Values that are overwritten on destruction, however their scope ends, and that cannot be copied by accident.
template <std::size_t length, class T = std::uint8_t>
class Secret {
 public:
  Secret() = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { OPENSSL_cleanse(values_.data(), sizeof values_); }

  T* data() { return values_.data(); }
  const T* data() const { return values_.data(); }
  T* begin() { return data(); }
  const T* begin() const { return data(); }
  T* end() { return data() + length; }
  const T* end() const { return data() + length; }
  T& operator[](std::size_t index) { return values_[index]; }
  std::size_t size() const { return length; }
  operator std::span<T, length>() { return values_; }
  operator std::span<const T, length>() const { return values_; }

 private:
  alignas(16) std::array<T, length> values_{};
};

}  // namespace wgq
