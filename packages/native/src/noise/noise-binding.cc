// SPDX-License-Identifier: MIT
#include <openssl/rand.h>

#include <array>
#include <utility>

#include "engine/cleared-stack.h"
#include "modules.h"
#include "noise/handshake.h"

namespace wgq {
namespace {

constexpr std::size_t key_bytes = noise::key_bytes;

NoisePrimitives& primitives() { return NoisePrimitives::of_thread(); }

// Primitives for one call that makes no message. At its end their keys are forgotten, as a message forgets them itself.
class Forgetting {
 public:
  Forgetting() = default;
  Forgetting(const Forgetting&) = delete;
  Forgetting& operator=(const Forgetting&) = delete;
  ~Forgetting() { here_.forget(); }
  NoisePrimitives* operator->() const { return &here_; }

 private:
  const ClearedStack after_forgetting_;
  NoisePrimitives& here_ = primitives();  // before any use: it may throw, as a destructor must not
};

js::Bytes bytes_or_none(const js::Value& value) { return value.absent() ? js::Bytes{} : value.bytes(); }

PrivateKey& private_key(const js::Value& value, napi_env env) {
  void* key = nullptr;
  if (napi_get_value_external(env, value.raw(), &key) != napi_ok) throw ArgumentError{"Expected a private key handle"};
  return *static_cast<PrivateKey*>(key);
}

napi_value handle(napi_env env, PrivateKey made_key) {
  auto key = std::make_unique<PrivateKey>(std::move(made_key));
  napi_value made = nullptr;
  js::check(napi_create_external(
      env, key.get(), [](napi_env, void* data, void*) { delete static_cast<PrivateKey*>(data); }, nullptr, &made));
  std::ignore = key.release();  // the handle owns it
  return made;
}

// generateKey(publicKey): handle
napi_value generate_key(js::Call& call) {
  const js::Bytes out = call[0].bytes_of(key_bytes, "a place for the public key");
  PrivateKey key = primitives().generate_key();
  key.write_public(out);
  return handle(call.env, std::move(key));
}

// importKey(privateBytes, publicKey): handle
napi_value import_key(js::Call& call) {
  const js::Bytes secret = call[0].bytes_of(key_bytes, "a private key");
  const js::Bytes out = call[1].bytes_of(key_bytes, "a place for the public key");
  PrivateKey key = PrivateKey::import(secret);
  key.write_public(out);
  return handle(call.env, std::move(key));
}

napi_value wipe_key(js::Call& call) { return private_key(call[0], call.env).wipe(), nullptr; }

// reseed(): new randomness for the generators of all threads, which follow the first one
napi_value reseed(js::Call&) {
  if (RAND_poll() != 1) throw SystemError{ENOSYS, "OpenSSL refused new randomness"};
  return nullptr;
}

// x25519(out, handle, publicKey): boolean
napi_value x25519(js::Call& call) {
  const js::Bytes out = call[0].bytes_of(key_bytes, "a place for the shared secret");
  const js::Bytes other = call[2].bytes_of(key_bytes, "a public key");
  return js::boolean(call.env, Forgetting()->agree(out, private_key(call[1], call.env), other));
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
  return Forgetting()->kdf(key, input, std::span(outputs).first(count)), nullptr;
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
  return Forgetting()->seal(out, call[1].bytes_of(key_bytes, "a key"), plain, call[3].bytes()), nullptr;
}

// open(out, key, sealed, associated): boolean
napi_value open(js::Call& call) {
  const js::Bytes sealed = call[2].bytes();
  if (sealed.size() < tag_bytes)
    throw ArgumentError{"Expected a sealed text of at least 16 bytes, found " + std::to_string(sealed.size())};
  const js::Bytes out = call[0].bytes_of(sealed.size() - tag_bytes, "a place for the text");
  return js::boolean(call.env, Forgetting()->open(out, call[1].bytes_of(key_bytes, "a key"), sealed, call[3].bytes()));
}

// A property of a job: bytes of a fixed length.
template <std::size_t size>
std::span<std::uint8_t, size> part(const js::Value& job, const char* name) {
  return job.property(name).bytes_of<size>(name);
}

// createInitiation({ message, transcript, localStatic, remoteStatic, staticStatic, ephemeral, timestamp }): boolean
napi_value create_initiation(js::Call& call) {
  const js::Value job = call[0];
  const ClearedStack at_the_end;
  return js::boolean(
      call.env,
      noise::create_initiation(primitives(), part<initiation_bytes>(job, "message"),
                               part<noise::transcript_bytes>(job, "transcript"), part<key_bytes>(job, "localStatic"),
                               part<key_bytes>(job, "remoteStatic"), part<key_bytes>(job, "staticStatic"),
                               private_key(job.property("ephemeral"), call.env),
                               part<noise::timestamp_bytes>(job, "timestamp")));
}

// openStatic({ message, transcript, remoteStatic, localStatic, localPublic }): boolean
napi_value open_static(js::Call& call) {
  const js::Value job = call[0];
  const ClearedStack at_the_end;
  return js::boolean(call.env, noise::open_static(primitives(), part<initiation_bytes>(job, "message"),
                                                  private_key(job.property("localStatic"), call.env),
                                                  part<key_bytes>(job, "localPublic"),
                                                  part<key_bytes>(job, "remoteStatic"),
                                                  part<noise::transcript_bytes>(job, "transcript")));
}

// openTimestamp({ message, transcript, staticStatic, timestamp }): boolean
napi_value open_timestamp(js::Call& call) {
  const js::Value job = call[0];
  const ClearedStack at_the_end;
  return js::boolean(call.env,
                     noise::open_timestamp(primitives(), part<initiation_bytes>(job, "message"),
                                           part<key_bytes>(job, "staticStatic"),
                                           part<noise::timestamp_bytes>(job, "timestamp"),
                                           part<noise::transcript_bytes>(job, "transcript")));
}

// createResponse({ message, keys, transcript, remoteEphemeral, remoteStatic, presharedKey, ephemeral }): boolean
napi_value create_response(js::Call& call) {
  const js::Value job = call[0];
  const ClearedStack at_the_end;
  return js::boolean(
      call.env,
      noise::create_response(primitives(), part<response_bytes>(job, "message"),
                             part<noise::session_keys_bytes>(job, "keys"),
                             part<noise::transcript_bytes>(job, "transcript"),
                             part<key_bytes>(job, "remoteEphemeral"), part<key_bytes>(job, "remoteStatic"),
                             part<key_bytes>(job, "presharedKey"), private_key(job.property("ephemeral"), call.env)));
}

// openResponse({ message, keys, transcript, ephemeral, localStatic, presharedKey }): boolean
napi_value open_response(js::Call& call) {
  const js::Value job = call[0];
  const ClearedStack at_the_end;
  return js::boolean(call.env, noise::open_response(primitives(), part<response_bytes>(job, "message"),
                                                    part<noise::session_keys_bytes>(job, "keys"),
                                                    part<noise::transcript_bytes>(job, "transcript"),
                                                    private_key(job.property("ephemeral"), call.env),
                                                    private_key(job.property("localStatic"), call.env),
                                                    part<key_bytes>(job, "presharedKey")));
}

}  // namespace

void register_noise(napi_env env, napi_value exports) {
  napi_value noise = js::object(env);
  js::define<generate_key>(env, noise, "generateKey");
  js::define<import_key>(env, noise, "importKey");
  js::define<wipe_key>(env, noise, "wipeKey");
  js::define<reseed>(env, noise, "reseed");
  js::define<x25519>(env, noise, "x25519");
  js::define<hash>(env, noise, "hash");
  js::define<kdf>(env, noise, "kdf");
  js::define<mac>(env, noise, "mac");
  js::define<seal>(env, noise, "seal");
  js::define<open>(env, noise, "open");
  js::define<create_initiation>(env, noise, "createInitiation");
  js::define<open_static>(env, noise, "openStatic");
  js::define<open_timestamp>(env, noise, "openTimestamp");
  js::define<create_response>(env, noise, "createResponse");
  js::define<open_response>(env, noise, "openResponse");
  js::set(env, exports, "noise", noise);
}

}  // namespace wgq
