// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "engine/endpoint.h"
#include "engine/limits.h"
#include "engine/secret.h"

namespace wgq {

using Mac = std::array<std::uint8_t, 16>;
using CookieReply = std::array<std::uint8_t, cookie_reply_bytes>;

// XChaCha20-Poly1305: encrypts `text` in place and returns the tag; nothing when OpenSSL failed.
std::optional<Mac> xchacha20_poly1305_seal(const std::uint8_t key[32], const std::uint8_t nonce[24], std::span<std::uint8_t> text,
                                           std::span<const std::uint8_t> associated);

// The cookie inside a reply to the message whose mac1 is given (protocol §6.3), written to `cookie`. False, and nothing
// written, if the reply is not genuine.
[[nodiscard]] bool open_cookie_reply(std::span<const std::uint8_t, 32> cookie_key,
                                     std::span<const std::uint8_t, cookie_reply_bytes> reply, const Mac& mac1,
                                     std::span<std::uint8_t, 16> cookie);

// The responder's side of cookies (protocol §6.2): a secret of 120 s, cookies that bind address and port, and replies.
class Cookies {
 public:
  static constexpr std::uint64_t secret_lifetime = 120 * second;

  Cookies();
  Cookies(const Cookies&) = delete;
  Cookies& operator=(const Cookies&) = delete;

  // Keyed BLAKE2s with 16 bytes of output and a key of 16 or 32 bytes. Nothing when OpenSSL failed.
  std::optional<Mac> mac(std::span<const std::uint8_t> key, std::span<const std::uint8_t> data);
  // Whether the last 16 bytes are the MAC keyed with the cookie of this source.
  bool valid_mac2(std::span<const std::uint8_t> message, const Endpoint& from, std::uint64_t now);
  // The reply to a handshake message: the source's cookie, encrypted for the sender of the message. Nothing when
  // OpenSSL failed.
  std::optional<CookieReply> reply(const Secret<32>& cookie_key, std::span<const std::uint8_t> message,
                                   const Endpoint& from, std::uint64_t now, const std::uint8_t* nonce = nullptr);

  // For tests: a known secret, born at `now`.
  void set_secret(std::span<const std::uint8_t, 32> secret, std::uint64_t now);

 private:
  struct Free {
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
  };

  std::optional<Mac> cookie(const Endpoint& from, std::uint64_t now);

  std::unique_ptr<EVP_MAC_CTX, Free> context_;
  Secret<32> secret_;
  std::uint64_t secret_birth_ = 0;
  bool has_secret_ = false;
};

}  // namespace wgq
