// SPDX-License-Identifier: MIT
#include <array>
#include <utility>

#include "modules.h"
#include "noise/primitives.h"

namespace wgq {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t tag_bytes = 16;

NoisePrimitives& primitives() {
  thread_local NoisePrimitives of_thread;
  return of_thread;
}

js::Bytes bytes_or_none(const js::Value& value) { return value.absent() ? js::Bytes{} : value.bytes(); }

PrivateKey& private_key(const js::Value& value, napi_env env) {
  void* key = nullptr;
  if (napi_get_value_external(env, value.raw(), &key) != napi_ok) throw ArgumentError{"Expected a private key handle"};
  return *static_cast<PrivateKey*>(key);
}

napi_value handle(napi_env env, std::unique_ptr<PrivateKey> key) {
  napi_value made = nullptr;
  js::check(napi_create_external(
      env, key.get(), [](napi_env, void* data, void*) { delete static_cast<PrivateKey*>(data); }, nullptr, &made));
  std::ignore = key.release();  // the handle owns it
  return made;
}

// generateKey(publicKey): handle
napi_value generate_key(js::Call& call) {
  const js::Bytes out = call[0].bytes_of(key_bytes, "a place for the public key");
  auto key = primitives().generate_key();
  key->write_public(out);
  return handle(call.env, std::move(key));
}

// importKey(privateBytes, publicKey): handle
napi_value import_key(js::Call& call) {
  const js::Bytes secret = call[0].bytes_of(key_bytes, "a private key");
  const js::Bytes out = call[1].bytes_of(key_bytes, "a place for the public key");
  EVP_PKEY* made = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, secret.data(), secret.size());
  if (!made) throw SystemError{ENOSYS, "OpenSSL refused a private key"};
  auto key = std::make_unique<PrivateKey>(made);
  key->write_public(out);
  return handle(call.env, std::move(key));
}

napi_value wipe_key(js::Call& call) { return private_key(call[0], call.env).wipe(), nullptr; }

// x25519(out, handle, publicKey): boolean
napi_value x25519(js::Call& call) {
  const js::Bytes out = call[0].bytes_of(key_bytes, "a place for the shared secret");
  const js::Bytes other = call[2].bytes_of(key_bytes, "a public key");
  return js::boolean(call.env, primitives().agree(out, private_key(call[1], call.env), other));
}

// hash(out, first, second?)
napi_value hash(js::Call& call) {
  const js::Bytes out = call[0].bytes_of(key_bytes, "a place for the hash");
  return primitives().hash(out, call[1].bytes(), bytes_or_none(call[2])), nullptr;
}

// kdf(key, input, out1, out2?, out3?)
napi_value kdf(js::Call& call) {
  const js::Bytes key = call[0].bytes_of(key_bytes, "a key"), input = bytes_or_none(call[1]);
  std::array<js::Bytes, 3> outputs;
  std::size_t count = 0;
  for (; count < outputs.size() && !call[2 + count].absent(); count++)
    outputs[count] = call[2 + count].bytes_of(key_bytes, "a place for the derived key");
  return primitives().kdf(key, input, std::span(outputs).first(count)), nullptr;
}

// mac(out, key, data)
napi_value mac(js::Call& call) {
  const js::Bytes out = call[0].bytes_of(tag_bytes, "a place for the MAC"), key = call[1].bytes();
  if (key.size() != 16 && key.size() != 32)
    throw ArgumentError{"Expected a MAC key of 16 or 32 bytes, found " + std::to_string(key.size())};
  return primitives().mac(out, key, call[2].bytes()), nullptr;
}

// seal(out, key, plain, associated)
napi_value seal(js::Call& call) {
  const js::Bytes plain = call[2].bytes();
  const js::Bytes out = call[0].bytes_of(plain.size() + tag_bytes, "a place for the sealed text");
  return primitives().seal(out, call[1].bytes_of(key_bytes, "a key"), plain, call[3].bytes()), nullptr;
}

// open(out, key, sealed, associated): boolean
napi_value open(js::Call& call) {
  const js::Bytes sealed = call[2].bytes();
  if (sealed.size() < tag_bytes)
    throw ArgumentError{"Expected a sealed text of at least 16 bytes, found " + std::to_string(sealed.size())};
  const js::Bytes out = call[0].bytes_of(sealed.size() - tag_bytes, "a place for the text");
  return js::boolean(call.env, primitives().open(out, call[1].bytes_of(key_bytes, "a key"), sealed, call[3].bytes()));
}

}  // namespace

void register_noise(napi_env env, napi_value exports) {
  napi_value noise = js::object(env);
  js::define<generate_key>(env, noise, "generateKey");
  js::define<import_key>(env, noise, "importKey");
  js::define<wipe_key>(env, noise, "wipeKey");
  js::define<x25519>(env, noise, "x25519");
  js::define<hash>(env, noise, "hash");
  js::define<kdf>(env, noise, "kdf");
  js::define<mac>(env, noise, "mac");
  js::define<seal>(env, noise, "seal");
  js::define<open>(env, noise, "open");
  js::set(env, exports, "noise", noise);
}

}  // namespace wgq
