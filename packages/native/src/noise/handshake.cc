// SPDX-License-Identifier: MIT
#include "noise/handshake.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/secret.h"
#include "noise/messages.h"

namespace wgq::noise {
namespace {

using Bytes = std::span<std::uint8_t>;
using ConstBytes = std::span<const std::uint8_t>;

struct Prologue {
  std::array<std::uint8_t, transcript_bytes> transcript;

  explicit Prologue(NoisePrimitives& primitives) {
    const auto text = [](std::string_view words) {
      return ConstBytes(reinterpret_cast<const std::uint8_t*>(words.data()), words.size());
    };
    const Bytes all(transcript);
    primitives.hash(all.first<key_bytes>(), text("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"), {});
    primitives.hash(all.last<key_bytes>(), all.first<key_bytes>(), text("WireGuard v1 zx2c4 Jason@zx2c4.com"));
  }
};

// The start of every handshake (§3.1 steps 1 and 2).
ConstTranscript prologue(NoisePrimitives& primitives) {
  static const Prologue begun(primitives);
  return begun.transcript;
}

// The symmetric state of Noise: chaining key, transcript hash and the key of the next encryption.
class Mixer {
 public:
  Mixer(NoisePrimitives& primitives, ConstTranscript from) : primitives_(primitives) {
    std::copy(from.begin(), from.end(), transcript_.begin());
  }
  Mixer(const Mixer&) = delete;
  Mixer& operator=(const Mixer&) = delete;
  ~Mixer() { primitives_.forget(); }

  void mix_hash(ConstBytes data) { primitives_.hash(hash(), hash(), data); }

  void mix_key(ConstBytes input) {
    const Bytes outputs[]{chaining_key()};
    primitives_.kdf(chaining_key(), input, outputs);
  }

  void mix_ephemeral(ConstBytes public_key) {
    mix_key(public_key);
    mix_hash(public_key);
  }

  // (CK, K) = KDF2(CK, secret)
  void mix_secret(ConstBytes secret) {
    const Bytes outputs[]{chaining_key(), key_};
    primitives_.kdf(chaining_key(), secret, outputs);
  }

  // (CK, K) = KDF2(CK, DH)
  bool mix_agreement(PrivateKey& own, Key other) {
    if (!primitives_.agree(secret_, own, other)) return false;
    mix_secret(secret_);
    return true;
  }

  // CK = KDF1(CK, DH): the two DHs of the response make no key.
  bool mix_agreement_without_key(PrivateKey& own, Key other) {
    if (!primitives_.agree(secret_, own, other)) return false;
    mix_key(secret_);
    return true;
  }

  void mix_preshared_key(Key preshared_key) {
    const Bytes outputs[]{chaining_key(), secret_, key_};
    primitives_.kdf(chaining_key(), preshared_key, outputs);
    mix_hash(secret_);
  }

  // Encrypts with the key mixed last, which serves one message.
  void seal(Bytes out, ConstBytes plain) {
    primitives_.seal(out, key_, plain, hash());
    mix_hash(out);
  }

  bool open(Bytes out, ConstBytes sealed) {
    if (!primitives_.open(out, key_, sealed, hash())) return false;
    mix_hash(sealed);
    return true;
  }

  void keep(Transcript to) const { std::copy(transcript_.begin(), transcript_.end(), to.begin()); }

  void split(std::span<std::uint8_t, session_keys_bytes> keys) {
    const Bytes outputs[]{keys.first<key_bytes>(), keys.last<key_bytes>()};
    primitives_.kdf(chaining_key(), {}, outputs);
  }

 private:
  Bytes chaining_key() { return {transcript_.data(), key_bytes}; }
  Bytes hash() { return {transcript_.data() + key_bytes, key_bytes}; }

  NoisePrimitives& primitives_;
  Secret<transcript_bytes> transcript_;
  Secret<key_bytes> key_, secret_;
};

}  // namespace

bool create_initiation(NoisePrimitives& primitives, Initiation message, Transcript after, Key local_static,
                       Key remote_static, Key static_static, PrivateKey& ephemeral,
                       std::span<const std::uint8_t, timestamp_bytes> timestamp) {
  const auto own = message.subspan<initiation::ephemeral, key_bytes>();
  ephemeral.write_public(own);
  Mixer mixer(primitives, prologue(primitives));
  mixer.mix_hash(remote_static);
  mixer.mix_ephemeral(own);
  if (!mixer.mix_agreement(ephemeral, remote_static)) return false;
  mixer.seal(message.subspan<initiation::sealed_static, key_bytes + tag_bytes>(), local_static);
  mixer.mix_secret(static_static);
  mixer.seal(message.subspan<initiation::sealed_timestamp, timestamp_bytes + tag_bytes>(), timestamp);
  mixer.keep(after);
  return true;
}

bool open_static(NoisePrimitives& primitives, ConstInitiation message, PrivateKey& local_static, Key local_public,
                 std::span<std::uint8_t, key_bytes> remote_static, Transcript after) {
  const auto remote_ephemeral = message.subspan<initiation::ephemeral, key_bytes>();
  Mixer mixer(primitives, prologue(primitives));
  mixer.mix_hash(local_public);
  mixer.mix_ephemeral(remote_ephemeral);
  if (!mixer.mix_agreement(local_static, remote_ephemeral)) return false;
  if (!mixer.open(remote_static, message.subspan<initiation::sealed_static, key_bytes + tag_bytes>())) return false;
  mixer.keep(after);
  return true;
}

bool open_timestamp(NoisePrimitives& primitives, ConstInitiation message, Key static_static,
                    std::span<std::uint8_t, timestamp_bytes> timestamp, Transcript transcript) {
  Mixer mixer(primitives, transcript);
  mixer.mix_secret(static_static);
  if (!mixer.open(timestamp, message.subspan<initiation::sealed_timestamp, timestamp_bytes + tag_bytes>()))
    return false;
  mixer.keep(transcript);
  return true;
}

bool create_response(NoisePrimitives& primitives, Response message, std::span<std::uint8_t, session_keys_bytes> keys,
                     ConstTranscript transcript, Key remote_ephemeral, Key remote_static, Key preshared_key,
                     PrivateKey& ephemeral) {
  const auto own = message.subspan<response::ephemeral, key_bytes>();
  ephemeral.write_public(own);
  Mixer mixer(primitives, transcript);
  mixer.mix_ephemeral(own);
  if (!mixer.mix_agreement_without_key(ephemeral, remote_ephemeral) ||
      !mixer.mix_agreement_without_key(ephemeral, remote_static))
    return false;
  mixer.mix_preshared_key(preshared_key);
  mixer.seal(message.subspan<response::sealed_nothing, tag_bytes>(), {});
  mixer.split(keys);
  return true;
}

bool open_response(NoisePrimitives& primitives, ConstResponse message,
                   std::span<std::uint8_t, session_keys_bytes> keys, ConstTranscript transcript, PrivateKey& ephemeral,
                   PrivateKey& local_static, Key preshared_key) {
  const auto remote_ephemeral = message.subspan<response::ephemeral, key_bytes>();
  Mixer mixer(primitives, transcript);
  mixer.mix_ephemeral(remote_ephemeral);
  if (!mixer.mix_agreement_without_key(ephemeral, remote_ephemeral) ||
      !mixer.mix_agreement_without_key(local_static, remote_ephemeral))
    return false;
  mixer.mix_preshared_key(preshared_key);
  if (!mixer.open({}, message.subspan<response::sealed_nothing, tag_bytes>())) return false;
  mixer.split(keys);
  return true;
}

}  // namespace wgq::noise
