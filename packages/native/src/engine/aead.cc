// SPDX-License-Identifier: MIT
#include "engine/aead.h"

#include <dlfcn.h>
#include <openssl/crypto.h>

#include <array>
#include <cstring>
#include <vector>

#include "engine/bytes.h"
#include "napi/error.h"

namespace wgq {
namespace {

constexpr std::size_t block = 64;
static_assert(block == Aead::lead);

// The primitives behind OpenSSL's AEAD. Public headers do not declare them: they are looked up by name, and used only
// if they agree with EVP.
struct Primitives {
  void (*chacha20)(std::uint8_t* out, const std::uint8_t* in, std::size_t length, const std::uint32_t key[8],
                   const std::uint32_t counter[4]) = nullptr;
  void (*poly1305_init)(void* state, const std::uint8_t key[32]) = nullptr;
  void (*poly1305_update)(void* state, const std::uint8_t* data, std::size_t length) = nullptr;
  void (*poly1305_final)(void* state, std::uint8_t tag[16]) = nullptr;
  std::size_t poly1305_state = 0;  // bytes
  bool complete = false;
};

constexpr std::size_t most_poly1305_state = 512;

// The Poly1305 key of one packet; wiped like the key it is derived from.
using PolyKey = Secret<32>;

template <class T>
bool resolve(T& function, const char* name) {
  function = reinterpret_cast<T>(::dlsym(RTLD_DEFAULT, name));
  return function != nullptr;
}

Primitives find_primitives() {
  Primitives p;
  std::size_t (*state_size)() = nullptr;
  if (!resolve(state_size, "Poly1305_ctx_size")) return p;
  p.poly1305_state = state_size();
  p.complete = resolve(p.chacha20, "ChaCha20_ctr32") && resolve(p.poly1305_init, "Poly1305_Init") &&
               resolve(p.poly1305_update, "Poly1305_Update") && resolve(p.poly1305_final, "Poly1305_Final") &&
               p.poly1305_state <= most_poly1305_state;
  return p;
}

const Primitives primitives = find_primitives();

struct Counter {
  std::uint32_t words[4];
  Counter(std::uint32_t block_number, std::uint64_t nonce)
      : words{block_number, 0, static_cast<std::uint32_t>(nonce), static_cast<std::uint32_t>(nonce >> 32)} {}
};

// The tag of RFC 8439 §2.8 without additional data. Padding and lengths follow the text, in up to 31 bytes, so
// that Poly1305 runs once over everything: each further call costs as much as 100 bytes.
void authenticate(const PolyKey& key, std::uint8_t* text, std::size_t length, std::uint8_t tag[16]) {
  const std::size_t padded = (length + 15) & ~std::size_t{15};
  std::memset(text + length, 0, padded - length + 8);
  store_le<std::uint64_t>(text + padded + 8, length);
  alignas(64) std::uint8_t state[most_poly1305_state];
  primitives.poly1305_init(state, key.data());
  primitives.poly1305_update(state, text, padded + 16);
  primitives.poly1305_final(state, tag);
  OPENSSL_cleanse(state, primitives.poly1305_state);
}

void seal_low(const AeadKey& key, std::uint64_t nonce, std::uint8_t* text, std::size_t length) {
  // Block 0 of the key stream is the Poly1305 key and the text begins with block 1: one call covers both and
  // borrows the 64 bytes before the text for block 0.
  const Counter counter(0, nonce);
  std::uint8_t saved[block];
  std::uint8_t* lent = text - block;
  std::memcpy(saved, lent, block);
  std::memset(lent, 0, block);
  primitives.chacha20(lent, lent, block + length, key.words(), counter.words);
  PolyKey poly_key;
  std::memcpy(poly_key.data(), lent, poly_key.size());
  std::memcpy(lent, saved, block);
  authenticate(poly_key, text, length, text + length);
}

// Whether the tag of `length` bytes equals the one stored after them. Restores the bytes after the text.
bool tag_matches(const PolyKey& poly_key, std::uint8_t* text, std::size_t length) {
  std::uint8_t tag[tag_bytes], saved[tag_bytes + Aead::slack];
  std::memcpy(saved, text + length, sizeof saved);
  authenticate(poly_key, text, length, tag);
  std::memcpy(text + length, saved, sizeof saved);
  return CRYPTO_memcmp(tag, saved, sizeof tag) == 0;
}

bool open_low(const AeadKey& key, std::uint64_t nonce, std::uint8_t* text, std::size_t length) {
  constexpr std::size_t most_at_once = 2048;
  if (length > most_at_once) {
    PolyKey poly_key;
    Secret<block> first;
    primitives.chacha20(first.data(), first.data(), block, key.words(), Counter(0, nonce).words);
    std::memcpy(poly_key.data(), first.data(), poly_key.size());
    if (!tag_matches(poly_key, text, length)) return false;
    primitives.chacha20(text, text, length, key.words(), Counter(1, nonce).words);
    return true;
  }
  // As in seal_low, one call covers block 0 and the text, but writes elsewhere because the tag covers the ciphertext:
  // the copy back costs less than a call for one block.
  std::uint8_t plain[block + most_at_once], saved[block];
  std::uint8_t* lent = text - block;
  std::memcpy(saved, lent, block);
  std::memset(lent, 0, block);
  primitives.chacha20(plain, lent, block + length, key.words(), Counter(0, nonce).words);
  std::memcpy(lent, saved, block);
  PolyKey poly_key;
  std::memcpy(poly_key.data(), plain, poly_key.size());
  OPENSSL_cleanse(plain, block);
  if (!tag_matches(poly_key, text, length)) return false;
  std::memcpy(text, plain + block, length);
  return true;
}

// Whether the low-level functions agree with EVP at lengths around every boundary of their vector code.
bool agree_with_evp() {
  if (!primitives.complete || !little_endian) return false;
  Aead evp(Aead::Backend::evp);
  std::uint8_t key_bytes[32];
  for (std::size_t i = 0; i < sizeof key_bytes; i++) key_bytes[i] = static_cast<std::uint8_t>(7 * i + 1);
  const AeadKey key(key_bytes);
  constexpr std::size_t lengths[]{0, 1, 15, 16, 17, 48, 63, 64, 65, 127, 128, 129, 191, 192, 255, 256, 257, 447, 448, 511, 512,
                                   513, 575, 576, 960, 1023, 1024, 1025, 1087, 1420, 1424, 1500, 2048, 4111};
  for (const std::size_t length : lengths) {
    std::vector<std::uint8_t> a(block + length + tag_bytes + Aead::slack), b;
    for (std::size_t i = 0; i < a.size(); i++) a[i] = static_cast<std::uint8_t>(i * i + length);
    b = a;
    const std::vector<std::uint8_t> plain = a;
    const std::uint64_t nonce = 0x0123456789abcdef ^ length;
    seal_low(key, nonce, a.data() + block, length);
    if (!evp.seal(key, nonce, b.data() + block, length)) return false;
    if (std::memcmp(a.data(), b.data(), block + length + tag_bytes) != 0 || !open_low(key, nonce, a.data() + block, length)) return false;
    if (std::memcmp(a.data(), plain.data(), block + length) != 0) return false;
    b[block + length] ^= 1;
    if (open_low(key, nonce, b.data() + block, length)) return false;
  }
  return true;
}

bool low_level_usable() {
  static const bool usable = agree_with_evp();
  return usable;
}

std::array<std::uint8_t, 12> nonce_bytes(std::uint64_t nonce) {
  std::array<std::uint8_t, 12> bytes{};
  store_le<std::uint64_t>(bytes.data() + 4, nonce);
  return bytes;
}

EVP_CIPHER_CTX* new_context(bool encrypting) {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  if (!context || EVP_CipherInit_ex(context, EVP_chacha20_poly1305(), nullptr, nullptr, nullptr, encrypting) != 1) {
    EVP_CIPHER_CTX_free(context);
    throw SystemError{ENOSYS, "ChaCha20-Poly1305 is missing in OpenSSL"};
  }
  return context;
}

// Overwrites the key in a context: it keeps the last one that it was given, even if that session has ended.
struct ForgottenKey {
  EVP_CIPHER_CTX* context;
  ~ForgottenKey() {
    static constexpr std::uint8_t zeros[32]{};
    // The same call has already set a key in this context, so it cannot fail.
    static_cast<void>(EVP_CipherInit_ex(context, nullptr, nullptr, zeros, nullptr, -1));
  }
};

}  // namespace

Aead::Aead(Backend backend)
    : low_level_(backend == Backend::best && low_level_usable()),
      encrypt_(low_level_ ? nullptr : new_context(true)),
      decrypt_(low_level_ ? nullptr : new_context(false)) {}

bool Aead::seal(const AeadKey& key, std::uint64_t nonce, std::uint8_t* text, std::size_t length) {
  if (!low_level_) return seal_evp(key, nonce, text, length);
  seal_low(key, nonce, text, length);
  return true;
}

bool Aead::open(const AeadKey& key, std::uint64_t nonce, std::uint8_t* text, std::size_t length) {
  return low_level_ ? open_low(key, nonce, text, length) : open_evp(key, nonce, text, length);
}

[[gnu::noinline]] void Aead::clear_stack() {
  // Deeper than the calls from a thread's loop to OpenSSL's vector code: some 6 kB, open_low's text included.
  std::uint8_t below[16 * 1024];
  OPENSSL_cleanse(below, sizeof below);
}

bool Aead::seal_evp(const AeadKey& key, std::uint64_t nonce, std::uint8_t* text, std::size_t length) {
  int written = 0;
  const auto iv = nonce_bytes(nonce);
  const ForgottenKey forgotten{encrypt_.get()};
  return EVP_EncryptInit_ex(encrypt_.get(), nullptr, nullptr, key.bytes(), iv.data()) == 1 &&
         (length == 0 || EVP_EncryptUpdate(encrypt_.get(), text, &written, text, static_cast<int>(length)) == 1) &&
         EVP_EncryptFinal_ex(encrypt_.get(), text + length, &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(encrypt_.get(), EVP_CTRL_AEAD_GET_TAG, tag_bytes, text + length) == 1;
}

bool Aead::open_evp(const AeadKey& key, std::uint64_t nonce, std::uint8_t* text, std::size_t length) {
  int written = 0;
  const auto iv = nonce_bytes(nonce);
  std::uint8_t nothing[block];
  const ForgottenKey forgotten{decrypt_.get()};
  return EVP_DecryptInit_ex(decrypt_.get(), nullptr, nullptr, key.bytes(), iv.data()) == 1 &&
         EVP_CIPHER_CTX_ctrl(decrypt_.get(), EVP_CTRL_AEAD_SET_TAG, tag_bytes, text + length) == 1 &&
         (length == 0 || EVP_DecryptUpdate(decrypt_.get(), text, &written, text, static_cast<int>(length)) == 1) &&
         EVP_DecryptFinal_ex(decrypt_.get(), nothing, &written) == 1;
}

}  // namespace wgq
