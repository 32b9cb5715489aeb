// SPDX-License-Identifier: MIT
#include "noise/primitives.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include <algorithm>
#include <cstring>

#include "engine/secret.h"
#include "napi/error.h"

namespace wgq {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t tag_bytes = 16;
constexpr std::uint8_t zeros[key_bytes]{};

// OpenSSL returns 1 on success. A failure here is not caused by an argument.
void must(bool done, const char* what) {
  if (done) return;
  ERR_clear_error();
  throw SystemError{ENOSYS, std::string("OpenSSL refused ") + what};
}

int length_of(std::span<const std::uint8_t> bytes) { return static_cast<int>(bytes.size()); }

auto new_mac_context(const char* algorithm) {
  std::unique_ptr<EVP_MAC, FreeWith<EVP_MAC_free>> found(EVP_MAC_fetch(nullptr, algorithm, nullptr));
  return std::unique_ptr<EVP_MAC_CTX, FreeWith<EVP_MAC_CTX_free>>(found ? EVP_MAC_CTX_new(found.get()) : nullptr);
}

// An empty key is the last one, prepared already.
void write_mac(EVP_MAC_CTX* context, std::span<std::uint8_t> out, std::span<const std::uint8_t> key,
               std::span<const std::uint8_t> data) {
  std::size_t written = 0;
  must(EVP_MAC_init(context, key.empty() ? nullptr : key.data(), key.size(), nullptr) == 1 &&
           EVP_MAC_update(context, data.data(), data.size()) == 1 &&
           EVP_MAC_final(context, out.data(), &written, out.size()) == 1,
       "a MAC");
}

}  // namespace

EVP_PKEY* PrivateKey::key() const {
  if (!key_) throw ArgumentError{"The private key was wiped"};
  return key_.get();
}

PrivateKey PrivateKey::import(std::span<const std::uint8_t> bytes) {
  EVP_PKEY* made = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, bytes.data(), bytes.size());
  must(made != nullptr, "a private key");
  return PrivateKey(made);
}

void PrivateKey::write_public(std::span<std::uint8_t> out) const {
  std::size_t length = out.size();
  must(EVP_PKEY_get_raw_public_key(key(), out.data(), &length) == 1, "a public key");
}

void PrivateKey::write_private(std::span<std::uint8_t> out) const {
  std::size_t length = out.size();
  must(EVP_PKEY_get_raw_private_key(key(), out.data(), &length) == 1, "a private key");
}

bool PrivateKey::agree(std::span<std::uint8_t> shared, EVP_PKEY* other) {
  if (!agreement_) {
    agreement_.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, key(), nullptr));
    must(agreement_ && EVP_PKEY_derive_init(agreement_.get()) == 1, "an X25519 agreement");
  }
  // Any 32 bytes are a valid X25519 public key: validating it would waste time.
  must(EVP_PKEY_derive_set_peer_ex(agreement_.get(), other, 0) == 1, "a public key");
  std::size_t length = shared.size();
  if (EVP_PKEY_derive(agreement_.get(), shared.data(), &length) == 1) return true;
  ERR_clear_error();
  OPENSSL_cleanse(shared.data(), shared.size());
  return false;
}

PrivateKey PrivateKey::share() const {
  must(EVP_PKEY_up_ref(key()) == 1, "to share a key");
  return PrivateKey(key_.get());
}

void PrivateKey::wipe() {
  agreement_.reset();
  key_.reset();
}

NoisePrimitives::NoisePrimitives()
    : generation_(EVP_PKEY_CTX_new_from_name(nullptr, "X25519", nullptr)),
      other_(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, zeros, sizeof zeros)),
      digest_algorithm_(EVP_MD_fetch(nullptr, "BLAKE2S-256", nullptr)),
      digest_(EVP_MD_CTX_new()),
      hmac_(new_mac_context("HMAC")),
      keyed_digest_(new_mac_context("BLAKE2SMAC")),
      cipher_algorithm_(EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr)),
      cipher_(EVP_CIPHER_CTX_new()) {
  char name[] = "BLAKE2S-256";
  const OSSL_PARAM digest[]{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0), OSSL_PARAM_construct_end()};
  std::size_t size = tag_bytes;
  const OSSL_PARAM length[]{OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_construct_end()};
  must(other_ && generation_ && EVP_PKEY_keygen_init(generation_.get()) == 1, "X25519");
  must(digest_algorithm_ && digest_, "BLAKE2s");
  must(hmac_ && EVP_MAC_CTX_set_params(hmac_.get(), digest) == 1, "HMAC on BLAKE2s");
  must(keyed_digest_ && EVP_MAC_CTX_set_params(keyed_digest_.get(), length) == 1, "keyed BLAKE2s");
  must(cipher_algorithm_ && cipher_, "ChaCha20-Poly1305");
}

NoisePrimitives& NoisePrimitives::of_thread() {
  thread_local NoisePrimitives found;
  return found;
}

PrivateKey NoisePrimitives::generate_key() {
  EVP_PKEY* made = nullptr;
  must(EVP_PKEY_generate(generation_.get(), &made) == 1, "a new key");
  return PrivateKey(made);
}

bool NoisePrimitives::agree(std::span<std::uint8_t> shared, PrivateKey& own, std::span<const std::uint8_t> public_key) {
  must(EVP_PKEY_set1_encoded_public_key(other_.get(), public_key.data(), public_key.size()) == 1, "a public key");
  return own.agree(shared, other_.get());
}

void NoisePrimitives::hash(std::span<std::uint8_t> out, std::span<const std::uint8_t> first,
                           std::span<const std::uint8_t> second) {
  must(EVP_DigestInit_ex2(digest_.get(), digest_algorithm_.get(), nullptr) == 1 &&
           EVP_DigestUpdate(digest_.get(), first.data(), first.size()) == 1 &&
           EVP_DigestUpdate(digest_.get(), second.data(), second.size()) == 1 &&
           EVP_DigestFinal_ex(digest_.get(), out.data(), nullptr) == 1,
       "a hash");
}

void NoisePrimitives::kdf(std::span<const std::uint8_t> key, std::span<const std::uint8_t> input,
                          std::span<const std::span<std::uint8_t>> outputs) {
  Secret<key_bytes> secret;
  Secret<key_bytes + 1> block;
  write_mac(hmac_.get(), secret, key, input);
  std::size_t chained = 0;
  for (std::size_t n = 0; n < outputs.size(); n++) {
    block[chained] = static_cast<std::uint8_t>(n + 1);
    const auto prepared = n == 0 ? std::span<const std::uint8_t>(secret) : std::span<const std::uint8_t>();
    write_mac(hmac_.get(), outputs[n], prepared, {block.data(), chained + 1});
    chained = key_bytes;
    std::copy(outputs[n].begin(), outputs[n].end(), block.begin());
  }
}

void NoisePrimitives::mac(std::span<std::uint8_t> out, std::span<const std::uint8_t> key,
                          std::span<const std::uint8_t> data) {
  write_mac(keyed_digest_.get(), out, key, data);
}

void NoisePrimitives::start_cipher(bool sealing, std::span<const std::uint8_t> key,
                                   std::span<const std::uint8_t> associated) {
  static constexpr std::uint8_t nonce[12]{};
  int written = 0;
  must(EVP_CipherInit_ex2(cipher_.get(), cipher_algorithm_.get(), key.data(), nonce, sealing, nullptr) == 1 &&
           EVP_CipherUpdate(cipher_.get(), nullptr, &written, associated.data(), length_of(associated)) == 1,
       "ChaCha20-Poly1305");
}

void NoisePrimitives::forget() {
  // Initialising with a key cannot fail any more: the contexts are complete.
  EVP_MAC_init(hmac_.get(), zeros, sizeof zeros, nullptr);
  EVP_CipherInit_ex2(cipher_.get(), nullptr, zeros, nullptr, -1, nullptr);
}

void NoisePrimitives::seal(std::span<std::uint8_t> out, std::span<const std::uint8_t> key,
                           std::span<const std::uint8_t> plain, std::span<const std::uint8_t> associated) {
  std::uint8_t* tag = out.data() + plain.size();
  int written = 0;
  start_cipher(true, key, associated);
  must((plain.empty() || EVP_CipherUpdate(cipher_.get(), out.data(), &written, plain.data(), length_of(plain)) == 1) &&
           EVP_CipherFinal_ex(cipher_.get(), tag, &written) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher_.get(), EVP_CTRL_AEAD_GET_TAG, tag_bytes, tag) == 1,
       "ChaCha20-Poly1305");
}

bool NoisePrimitives::open(std::span<std::uint8_t> out, std::span<const std::uint8_t> key,
                           std::span<const std::uint8_t> sealed, std::span<const std::uint8_t> associated) {
  const auto body = sealed.first(sealed.size() - tag_bytes);
  std::uint8_t tag[tag_bytes], nothing[tag_bytes];
  std::memcpy(tag, sealed.data() + body.size(), sizeof tag);
  int written = 0;
  start_cipher(false, key, associated);
  const bool genuine =
      EVP_CIPHER_CTX_ctrl(cipher_.get(), EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag) == 1 &&
      (body.empty() || EVP_CipherUpdate(cipher_.get(), out.data(), &written, body.data(), length_of(body)) == 1) &&
      EVP_CipherFinal_ex(cipher_.get(), nothing, &written) == 1;
  if (!genuine) {
    ERR_clear_error();
    OPENSSL_cleanse(out.data(), out.size());
  }
  return genuine;
}

}  // namespace wgq
