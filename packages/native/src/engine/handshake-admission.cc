// SPDX-License-Identifier: MIT
#include "engine/handshake-admission.h"

#include <openssl/crypto.h>

#include "engine/bytes.h"
#include "engine/limits.h"

namespace wgq {

HandshakeAdmission::Verdict HandshakeAdmission::judge(const Identity* identity, std::span<const std::uint8_t> message,
                                            const Endpoint& from, std::size_t waiting, std::uint64_t now) {
  if (message.size() < 4) return Verdict::malformed;
  const auto type = load_le<std::uint32_t>(message.data());  // with the three reserved zero bytes
  const std::size_t expected = type == message_initiation     ? initiation_bytes
                               : type == message_response     ? response_bytes
                               : type == message_cookie_reply ? cookie_reply_bytes
                                                              : 0;
  if (expected == 0 || message.size() != expected) return Verdict::malformed;
  if (!identity) return Verdict::bad_mac1;  // without a private key no message can be for us
  // It has no mac1. A flood of them must neither take the place of messages that have one nor count as load.
  if (type == message_cookie_reply)
    return waiting < most_before_cookie_reply ? Verdict::admit : Verdict::rate_limited;

  const auto mac1 = cookies_.mac(identity->mac1_key, message.first(expected - 32));
  if (!mac1 || CRYPTO_memcmp(mac1->data(), message.data() + expected - 32, mac1->size()) != 0) return Verdict::bad_mac1;

  if (waiting >= loaded_from) loaded_until_.store(now + hysteresis, std::memory_order_relaxed);
  if (!loaded(now)) return Verdict::admit;
  if (!cookies_.valid_mac2(message, from, now))
    return replies_.take(from, now) ? Verdict::answer_cookie : Verdict::rate_limited;
  return limiter_.allow(from, now) ? Verdict::admit : Verdict::rate_limited;
}

}  // namespace wgq
