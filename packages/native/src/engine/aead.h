// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <cstring>
#include <memory>

#include "engine/limits.h"
#include "engine/secret.h"

namespace wgq {

// A ChaCha20-Poly1305 key, wiped on destruction.
class AeadKey {
 public:
  explicit AeadKey(const std::uint8_t* bytes) { std::memcpy(words_.data(), bytes, 32); }
  const std::uint32_t* words() const { return words_.data(); }
  const std::uint8_t* bytes() const { return reinterpret_cast<const std::uint8_t*>(words_.data()); }

 private:
  Secret<8, std::uint32_t> words_;
};

// ChaCha20-Poly1305 (RFC 8439) with WireGuard's nonce: four zero bytes and the counter. One object per thread. Uses
// OpenSSL's own ChaCha20 and Poly1305 functions where the process exports them and they agree with EVP (2.45 against
// 2.8 to 3.0 CPU seconds per GB), else EVP.
class Aead {
 public:
  enum class Backend { best, evp };

  explicit Aead(Backend backend = Backend::best);

  // Bytes before the text and after the tag that must be the caller's memory. They stay unchanged, except that `seal`
  // overwrites those after the tag.
  static constexpr std::size_t lead = 64;
  static constexpr std::size_t slack = 15;

  // Encrypts `length` bytes in place and appends the tag. False when OpenSSL failed: then the bytes must not be sent.
  [[nodiscard]] bool seal(const AeadKey& key, std::uint64_t nonce, std::uint8_t* text, std::size_t length);
  // Checks the tag after `length` bytes and decrypts them in place. False when the tag is wrong: then the bytes are
  // unchanged or garbage.
  [[nodiscard]] bool open(const AeadKey& key, std::uint64_t nonce, std::uint8_t* text, std::size_t length);

  // Overwrites the stack below the caller: on some processors OpenSSL leaves the key of the last packet there. Call on a
  // thread that has sealed or opened before it sleeps.
  static void clear_stack();

  bool low_level() const { return low_level_; }

 private:
  struct Free {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  };

  bool seal_evp(const AeadKey& key, std::uint64_t nonce, std::uint8_t* text, std::size_t length);
  bool open_evp(const AeadKey& key, std::uint64_t nonce, std::uint8_t* text, std::size_t length);

  bool low_level_;
  std::unique_ptr<EVP_CIPHER_CTX, Free> encrypt_, decrypt_;
};

}  // namespace wgq
