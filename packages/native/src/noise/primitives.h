// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <span>

namespace wgq {

template <auto function>
struct FreeWith {
  template <class T>
  void operator()(T* object) const { function(object); }
};

// A private X25519 key inside OpenSSL, which computes with it, wipes and frees it.
class PrivateKey {
 public:
  explicit PrivateKey(EVP_PKEY* key) : key_(key) {}
  // The key of 32 bytes (OpenSSL clamps).
  static PrivateKey import(std::span<const std::uint8_t> bytes);

  // Its public half, 32 bytes.
  void write_public(std::span<std::uint8_t> out) const;
  // The key itself, 32 bytes.
  void write_private(std::span<std::uint8_t> out) const;
  // X25519 (RFC 7748) with a public key, 32 bytes. False for a low-order point, whose result is all zero.
  bool agree(std::span<std::uint8_t> shared, EVP_PKEY* other);
  // The same key for use by another thread.
  PrivateKey share() const;
  // Wipes the key now; later calls raise an error.
  void wipe();

 private:
  EVP_PKEY* key() const;

  std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>> key_;
  // Created at the first agreement and kept, because preparing it costs a twentieth of an agreement.
  std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>> agreement_;
};

// The primitives of Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s by OpenSSL. Looking up an algorithm by name costs more than
// using it once, so each is looked up once and its context kept. For one thread.
class NoisePrimitives {
 public:
  NoisePrimitives();

  // Those of the calling thread.
  static NoisePrimitives& of_thread();

  PrivateKey generate_key();
  // X25519 with a public key, 32 bytes each: PrivateKey::agree.
  bool agree(std::span<std::uint8_t> shared, PrivateKey& own, std::span<const std::uint8_t> public_key);
  // BLAKE2s-256 of both parts concatenated.
  void hash(std::span<std::uint8_t> out, std::span<const std::uint8_t> first, std::span<const std::uint8_t> second);
  // HKDF on HMAC-BLAKE2s (RFC 5869): fills all given outputs, 32 bytes each.
  void kdf(std::span<const std::uint8_t> key, std::span<const std::uint8_t> input,
           std::span<const std::span<std::uint8_t>> outputs);
  // Keyed BLAKE2s with 16 bytes of output.
  void mac(std::span<std::uint8_t> out, std::span<const std::uint8_t> key, std::span<const std::uint8_t> data);
  // ChaCha20-Poly1305 (RFC 8439) with nonce 0; `out` is 16 bytes longer than `plain`.
  void seal(std::span<std::uint8_t> out, std::span<const std::uint8_t> key, std::span<const std::uint8_t> plain,
            std::span<const std::uint8_t> associated);
  // The reverse. False, and `out` zero, when the tag is wrong.
  bool open(std::span<std::uint8_t> out, std::span<const std::uint8_t> key, std::span<const std::uint8_t> sealed,
            std::span<const std::uint8_t> associated);
  // Overwrites the keys that the contexts still hold. To be called when a message is done.
  void forget();

 private:
  void start_cipher(bool sealing, std::span<const std::uint8_t> key, std::span<const std::uint8_t> associated);

  std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>> generation_;
  // One public key object, reused with the bytes of each key: creating one costs a tenth of an agreement.
  std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>> other_;
  std::unique_ptr<EVP_MD, FreeWith<EVP_MD_free>> digest_algorithm_;
  std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>> digest_;
  std::unique_ptr<EVP_MAC_CTX, FreeWith<EVP_MAC_CTX_free>> hmac_;
  std::unique_ptr<EVP_MAC_CTX, FreeWith<EVP_MAC_CTX_free>> keyed_digest_;
  std::unique_ptr<EVP_CIPHER, FreeWith<EVP_CIPHER_free>> cipher_algorithm_;
  std::unique_ptr<EVP_CIPHER_CTX, FreeWith<EVP_CIPHER_CTX_free>> cipher_;
};

}  // namespace wgq
