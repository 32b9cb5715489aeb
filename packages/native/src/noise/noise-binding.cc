// SPDX-License-Identifier: MIT
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "engine/aead.h"
#include "modules.h"
#include "noise/crew.h"
#include "noise/handshake.h"

namespace wgq {
namespace {

constexpr std::size_t key_bytes = noise::key_bytes;

// What cannot be shared (policy, sessions, sending) takes a third of the time of a handshake: more would not help.
constexpr std::size_t most_helpers = 3;

NoisePrimitives& primitives() { return NoisePrimitives::of_thread(); }

Crew& crew() {
  static Crew of_process(std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, most_helpers + 1) - 1,
                         Aead::clear_stack);
  return of_process;
}

// Overwrites what OpenSSL left on this thread's stack, at the end of a call.
class ClearedStack {
 public:
  ClearedStack() = default;
  ClearedStack(const ClearedStack&) = delete;
  ClearedStack& operator=(const ClearedStack&) = delete;
  ~ClearedStack() { Aead::clear_stack(); }
};

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
  EVP_PKEY* made = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, secret.data(), secret.size());
  if (!made) throw SystemError{ENOSYS, "OpenSSL refused a private key"};
  PrivateKey key(made);
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
  return job.property(name).bytes_of(size, name).first<size>();
}

// Reads all jobs of an array, does them on several threads and returns which succeeded.
template <class Job>
napi_value do_all(js::Call& call, const js::Value& list) {
  std::vector<Job> jobs;
  const std::uint32_t count = list.length();
  jobs.reserve(count);
  for (std::uint32_t i = 0; i < count; i++) jobs.emplace_back(call.env, list.element(i));
  const ClearedStack of_own_share;
  crew().run(count, [&](std::size_t i) { jobs[i].done = jobs[i].run(primitives(), count > 1); });
  napi_value results = js::array(call.env, count);
  for (std::uint32_t i = 0; i < count; i++) js::set(call.env, results, i, js::boolean(call.env, jobs[i].done));
  return results;
}

// A key of the caller: several jobs may use it at the same time.
class JobKey {
 public:
  explicit JobKey(PrivateKey& key) : key_(key) {}
  PrivateKey& here(bool shared) { return shared ? own_.emplace(key_.share()) : key_; }

 private:
  PrivateKey& key_;
  std::optional<PrivateKey> own_;
};

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

// { message, transcript, remoteStatic, localStatic, localPublic }
struct StaticToOpen {
  noise::ConstInitiation message;
  noise::Transcript transcript;
  std::span<std::uint8_t, key_bytes> remote_static;
  JobKey local_static;
  noise::Key local_public;
  bool done = false;

  StaticToOpen(napi_env env, const js::Value& job)
      : message(part<initiation_bytes>(job, "message")),
        transcript(part<noise::transcript_bytes>(job, "transcript")),
        remote_static(part<key_bytes>(job, "remoteStatic")),
        local_static(private_key(job.property("localStatic"), env)),
        local_public(part<key_bytes>(job, "localPublic")) {}

  bool run(NoisePrimitives& primitives, bool shared) {
    return noise::open_static(primitives, message, local_static.here(shared), local_public, remote_static, transcript);
  }
};

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

// { message, keys, transcript, remoteEphemeral, remoteStatic, presharedKey, ephemeral? }: a new key if none is given
struct ResponseToCreate {
  noise::Response message;
  std::span<std::uint8_t, noise::session_keys_bytes> keys;
  noise::ConstTranscript transcript;
  noise::Key remote_ephemeral, remote_static, preshared_key;
  PrivateKey* ephemeral = nullptr;
  bool done = false;

  ResponseToCreate(napi_env env, const js::Value& job)
      : message(part<response_bytes>(job, "message")),
        keys(part<noise::session_keys_bytes>(job, "keys")),
        transcript(part<noise::transcript_bytes>(job, "transcript")),
        remote_ephemeral(part<key_bytes>(job, "remoteEphemeral")),
        remote_static(part<key_bytes>(job, "remoteStatic")),
        preshared_key(part<key_bytes>(job, "presharedKey")) {
    const js::Value given = job.property("ephemeral");
    if (!given.absent()) ephemeral = &private_key(given, env);
  }

  bool run(NoisePrimitives& primitives, bool) {
    std::optional<PrivateKey> fresh;
    PrivateKey& own = ephemeral ? *ephemeral : fresh.emplace(primitives.generate_key());
    return noise::create_response(primitives, message, keys, transcript, remote_ephemeral, remote_static,
                                  preshared_key, own);
  }
};

// { message, keys, transcript, ephemeral, localStatic, presharedKey }
struct ResponseToOpen {
  noise::ConstResponse message;
  std::span<std::uint8_t, noise::session_keys_bytes> keys;
  noise::ConstTranscript transcript;
  JobKey ephemeral, local_static;
  noise::Key preshared_key;
  bool done = false;

  ResponseToOpen(napi_env env, const js::Value& job)
      : message(part<response_bytes>(job, "message")),
        keys(part<noise::session_keys_bytes>(job, "keys")),
        transcript(part<noise::transcript_bytes>(job, "transcript")),
        ephemeral(private_key(job.property("ephemeral"), env)),
        local_static(private_key(job.property("localStatic"), env)),
        preshared_key(part<key_bytes>(job, "presharedKey")) {}

  bool run(NoisePrimitives& primitives, bool shared) {
    return noise::open_response(primitives, message, keys, transcript, ephemeral.here(shared),
                                local_static.here(shared), preshared_key);
  }
};

// openStatics(jobs): boolean[]
napi_value open_statics(js::Call& call) { return do_all<StaticToOpen>(call, call[0]); }
// createResponses(jobs): boolean[]
napi_value create_responses(js::Call& call) { return do_all<ResponseToCreate>(call, call[0]); }
// openResponses(jobs): boolean[]
napi_value open_responses(js::Call& call) { return do_all<ResponseToOpen>(call, call[0]); }

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
  js::define<open_statics>(env, noise, "openStatics");
  js::define<open_timestamp>(env, noise, "openTimestamp");
  js::define<create_responses>(env, noise, "createResponses");
  js::define<open_responses>(env, noise, "openResponses");
  js::set(env, exports, "noise", noise);
}

}  // namespace wgq
