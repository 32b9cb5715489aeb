// SPDX-License-Identifier: MIT
// The linker gives the engine these functions in place of OpenSSL's (--wrap in build.mjs): no input makes OpenSSL refuse.
#include "testing/refused-cipher.h"

#include <openssl/evp.h>

#include <atomic>

namespace {

enum class Step { none, init, update, final, tag };
std::atomic<Step> refused{Step::none};

bool refuses(Step step) { return refused.load(std::memory_order_relaxed) == step; }

}  // namespace

extern "C" {
int __real_EVP_EncryptInit_ex(EVP_CIPHER_CTX*, const EVP_CIPHER*, ENGINE*, const unsigned char*, const unsigned char*);
int __real_EVP_EncryptUpdate(EVP_CIPHER_CTX*, unsigned char*, int*, const unsigned char*, int);
int __real_EVP_EncryptFinal_ex(EVP_CIPHER_CTX*, unsigned char*, int*);
int __real_EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX*, int, int, void*);
int __wrap_EVP_EncryptInit_ex(EVP_CIPHER_CTX*, const EVP_CIPHER*, ENGINE*, const unsigned char*, const unsigned char*);
int __wrap_EVP_EncryptUpdate(EVP_CIPHER_CTX*, unsigned char*, int*, const unsigned char*, int);
int __wrap_EVP_EncryptFinal_ex(EVP_CIPHER_CTX*, unsigned char*, int*);
int __wrap_EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX*, int, int, void*);

int __wrap_EVP_EncryptInit_ex(EVP_CIPHER_CTX* context, const EVP_CIPHER* cipher, ENGINE* engine, const unsigned char* key,
                              const unsigned char* iv) {
  return refuses(Step::init) ? 0 : __real_EVP_EncryptInit_ex(context, cipher, engine, key, iv);
}

int __wrap_EVP_EncryptUpdate(EVP_CIPHER_CTX* context, unsigned char* out, int* written, const unsigned char* in, int length) {
  return refuses(Step::update) ? 0 : __real_EVP_EncryptUpdate(context, out, written, in, length);
}

int __wrap_EVP_EncryptFinal_ex(EVP_CIPHER_CTX* context, unsigned char* out, int* written) {
  return refuses(Step::final) ? 0 : __real_EVP_EncryptFinal_ex(context, out, written);
}

int __wrap_EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX* context, int type, int argument, void* pointer) {
  if (type == EVP_CTRL_AEAD_GET_TAG && refuses(Step::tag)) return 0;
  return __real_EVP_CIPHER_CTX_ctrl(context, type, argument, pointer);
}
}

namespace wgq {

void refuse_cipher(std::string_view step) {
  refused = step == "init"     ? Step::init
            : step == "update" ? Step::update
            : step == "final"  ? Step::final
            : step == "tag"    ? Step::tag
                               : Step::none;
}

}  // namespace wgq
