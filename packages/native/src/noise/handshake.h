// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

#include "engine/limits.h"
#include "noise/primitives.h"

// Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s as WireGuard uses it (protocol §3). The functions that open a message work on
// copies of their state, so a forged one leaves no trace. Type, indices and macs of messages are left to the caller.
// False: a DH result is zero, or a tag is wrong; what was written until then is of no use.
namespace wgq::noise {

inline constexpr std::size_t key_bytes = 32;
inline constexpr std::size_t timestamp_bytes = 12;
// Chaining key and transcript hash between two messages, one after the other.
inline constexpr std::size_t transcript_bytes = 64;
// What the initiator sends with, and then what the responder sends with.
inline constexpr std::size_t session_keys_bytes = 64;

using Key = std::span<const std::uint8_t, key_bytes>;
using Transcript = std::span<std::uint8_t, transcript_bytes>;
using ConstTranscript = std::span<const std::uint8_t, transcript_bytes>;
using Initiation = std::span<std::uint8_t, initiation_bytes>;
using ConstInitiation = std::span<const std::uint8_t, initiation_bytes>;
using Response = std::span<std::uint8_t, response_bytes>;
using ConstResponse = std::span<const std::uint8_t, response_bytes>;

// §3.1: writes the part of an initiation that is encrypted, and the ephemeral key.
bool create_initiation(NoisePrimitives& primitives, Initiation message, Transcript after, Key local_static,
                       Key remote_static, Key static_static, PrivateKey& ephemeral,
                       std::span<const std::uint8_t, timestamp_bytes> timestamp);

// §3.2 steps 2 to 4: who sends the initiation.
bool open_static(NoisePrimitives& primitives, ConstInitiation message, PrivateKey& local_static, Key local_public,
                 std::span<std::uint8_t, key_bytes> remote_static, Transcript after);

// §3.2 steps 5 and 6, after open_static: `transcript` goes on.
bool open_timestamp(NoisePrimitives& primitives, ConstInitiation message, Key static_static,
                    std::span<std::uint8_t, timestamp_bytes> timestamp, Transcript transcript);

// §3.3: writes the part of a response that is encrypted, and the ephemeral key.
bool create_response(NoisePrimitives& primitives, Response message, std::span<std::uint8_t, session_keys_bytes> keys,
                     ConstTranscript transcript, Key remote_ephemeral, Key remote_static, Key preshared_key,
                     PrivateKey& ephemeral);

// §3.4.
bool open_response(NoisePrimitives& primitives, ConstResponse message,
                   std::span<std::uint8_t, session_keys_bytes> keys, ConstTranscript transcript, PrivateKey& ephemeral,
                   PrivateKey& local_static, Key preshared_key);

}  // namespace wgq::noise
