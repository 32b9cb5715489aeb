// SPDX-License-Identifier: MIT
#include "engine/cookie.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

#include "engine/bytes.h"
#include "napi/error.h"
#include "noise/messages.h"

namespace wgq {
namespace {

template <auto function>
struct Freeing {
  template <class T>
  void operator()(T* object) const { function(object); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freeing<EVP_CIPHER_CTX_free>>;
using Cipher = std::unique_ptr<EVP_CIPHER, Freeing<EVP_CIPHER_free>>;

// Looking up an algorithm by name costs more than using it once, so it is done only once.
const EVP_CIPHER* chacha20() {
  static const Cipher cipher(EVP_CIPHER_fetch(nullptr, "ChaCha20", nullptr));
  return cipher.get();
}
const EVP_CIPHER* chacha20_poly1305() {
  static const Cipher cipher(EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr));
  return cipher.get();
}

// HChaCha20 (draft-irtf-cfrg-xchacha §2.2) from a ChaCha20 block: the block function adds the initial state at its end,
// HChaCha20 does not, so the known words are subtracted again.
[[nodiscard]] bool hchacha20(const std::uint8_t key[32], const std::uint8_t nonce[16], std::uint8_t subkey[32]) {
  static constexpr std::uint32_t constants[4]{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  Secret<64> block;
  int written = 0;
  CipherContext context(EVP_CIPHER_CTX_new());
  // OpenSSL's ChaCha20 takes counter and nonce as one 16-byte value: the last four words of the state.
  const bool done = context && EVP_EncryptInit_ex(context.get(), chacha20(), nullptr, key, nonce) == 1 &&
                    EVP_EncryptUpdate(context.get(), block.data(), &written, block.data(), static_cast<int>(block.size())) == 1;
  for (std::size_t i = 0; i < 4; i++) {
    const std::size_t last = 12 + i;
    store_le(subkey + 4 * i, load_le<std::uint32_t>(block.data() + 4 * i) - constants[i]);
    store_le(subkey + 16 + 4 * i, load_le<std::uint32_t>(block.data() + 4 * last) - load_le<std::uint32_t>(nonce + 4 * i));
  }
  return done;
}

// What XChaCha20-Poly1305 gives to ChaCha20-Poly1305 (draft-irtf-cfrg-xchacha §2.3).
struct Extended {
  Secret<32> key;
  std::uint8_t nonce[12]{};

  [[nodiscard]] bool derive(const std::uint8_t from[32], const std::uint8_t extended_nonce[24]) {
    std::memcpy(nonce + 4, extended_nonce + 16, 8);
    return hchacha20(from, extended_nonce, key.data());
  }
};

}  // namespace

std::optional<Mac> xchacha20_poly1305_seal(const std::uint8_t key[32], const std::uint8_t nonce[24],
                                           std::span<std::uint8_t> text, std::span<const std::uint8_t> associated) {
  Extended extended;
  if (!extended.derive(key, nonce)) return std::nullopt;
  CipherContext context(EVP_CIPHER_CTX_new());
  Mac tag{};
  int written = 0;
  const bool done =
      context && EVP_EncryptInit_ex(context.get(), chacha20_poly1305(), nullptr, extended.key.data(), extended.nonce) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &written, associated.data(), static_cast<int>(associated.size())) == 1 &&
      EVP_EncryptUpdate(context.get(), text.data(), &written, text.data(), static_cast<int>(text.size())) == 1 &&
      EVP_EncryptFinal_ex(context.get(), text.data() + text.size(), &written) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag.size()), tag.data()) == 1;
  if (!done) return std::nullopt;
  return tag;
}

bool open_cookie_reply(std::span<const std::uint8_t, 32> cookie_key,
                       std::span<const std::uint8_t, cookie_reply_bytes> reply, const Mac& mac1,
                       std::span<std::uint8_t, 16> cookie) {
  const auto nonce = reply.subspan<cookie_reply::nonce, 24>();
  const auto sealed = reply.subspan<cookie_reply::sealed_cookie, 16>();
  Extended extended;
  Secret<16> text;
  std::uint8_t rest[16];
  Mac tag;
  if (!extended.derive(cookie_key.data(), nonce.data())) return false;
  std::memcpy(tag.data(), sealed.data() + sealed.size(), tag.size());
  CipherContext context(EVP_CIPHER_CTX_new());
  int written = 0;
  const bool genuine =
      context && EVP_DecryptInit_ex(context.get(), chacha20_poly1305(), nullptr, extended.key.data(), extended.nonce) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &written, mac1.data(), static_cast<int>(mac1.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), text.data(), &written, sealed.data(), static_cast<int>(sealed.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()), tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), rest, &written) == 1;
  if (genuine) std::copy(text.begin(), text.end(), cookie.begin());
  else ERR_clear_error();
  return genuine;
}

Cookies::Cookies() {
  std::unique_ptr<EVP_MAC, Freeing<EVP_MAC_free>> algorithm(EVP_MAC_fetch(nullptr, "BLAKE2SMAC", nullptr));
  if (algorithm) context_.reset(EVP_MAC_CTX_new(algorithm.get()));
  if (!context_) throw SystemError{ENOSYS, "BLAKE2SMAC is missing in OpenSSL"};
}

std::optional<Mac> Cookies::mac(std::span<const std::uint8_t> key, std::span<const std::uint8_t> data) {
  Mac result{};
  std::size_t size = result.size(), written = 0;
  const OSSL_PARAM parameters[]{OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_construct_end()};
  if (EVP_MAC_init(context_.get(), key.data(), key.size(), parameters) != 1 ||
      EVP_MAC_update(context_.get(), data.data(), data.size()) != 1 ||
      EVP_MAC_final(context_.get(), result.data(), &written, result.size()) != 1 || written != result.size())
    return std::nullopt;
  return result;
}

void Cookies::set_secret(std::span<const std::uint8_t, 32> secret, std::uint64_t now) {
  std::copy(secret.begin(), secret.end(), secret_.begin());
  secret_birth_ = now;
  has_secret_ = true;
}

std::optional<Mac> Cookies::cookie(const Endpoint& from, std::uint64_t now) {
  if (!has_secret_ || now - secret_birth_ >= secret_lifetime) {
    Secret<32> fresh;
    if (RAND_bytes(fresh.data(), static_cast<int>(fresh.size())) != 1) return std::nullopt;
    set_secret(std::span<const std::uint8_t, 32>(fresh), now);
  }
  std::uint8_t source[18];
  const std::size_t length = from.address_length();
  std::memcpy(source, from.address, length);
  store_be(source + length, from.port);
  return mac(secret_, {source, length + 2});
}

bool Cookies::valid_mac2(std::span<const std::uint8_t> message, const Endpoint& from, std::uint64_t now) {
  const auto signed_part = message.first(message.size() - 16);
  // Most messages of a flood carry no mac2: rejecting those takes no MAC computation.
  static constexpr Mac none{};
  if (std::memcmp(message.data() + signed_part.size(), none.data(), none.size()) == 0) return false;
  const auto key = cookie(from, now);
  const auto expected = key ? mac(*key, signed_part) : std::nullopt;
  return expected && CRYPTO_memcmp(expected->data(), message.data() + signed_part.size(), expected->size()) == 0;
}

std::optional<CookieReply> Cookies::reply(const Secret<32>& cookie_key,
                                          std::span<const std::uint8_t> message, const Endpoint& from, std::uint64_t now,
                                          const std::uint8_t* nonce) {
  CookieReply reply{};
  store_le(reply.data(), message_cookie_reply);
  std::memcpy(reply.data() + 4, message.data() + 4, 4);  // the sender's index
  if (nonce) std::memcpy(reply.data() + 8, nonce, 24);
  else if (RAND_bytes(reply.data() + 8, 24) != 1) return std::nullopt;
  const auto plain = cookie(from, now);
  if (!plain) return std::nullopt;
  std::copy(plain->begin(), plain->end(), reply.begin() + 32);
  const auto mac1 = message.subspan(message.size() - 32, 16);
  const auto tag =
      xchacha20_poly1305_seal(cookie_key.data(), reply.data() + 8, std::span(reply).subspan(32, 16), mac1);
  if (!tag) return std::nullopt;
  std::copy(tag->begin(), tag->end(), reply.begin() + 48);
  return reply;
}

}  // namespace wgq
