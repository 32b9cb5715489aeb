// SPDX-License-Identifier: MIT
#include "handshakes/warm-up.h"

#include <openssl/rand.h>

#include <algorithm>
#include <deque>

#include "handshakes/handshakes.h"
#include "napi/error.h"

namespace wgq {
namespace {

void take_new_identity(Handshakes& handshakes) {
  Secret<noise::key_bytes> random;
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    throw SystemError{ENOSYS, "OpenSSL refused random bytes"};
  handshakes.set_identity(random);
}

std::deque<HandshakeMessage> arrived(std::span<const std::uint8_t> bytes) {
  std::deque<HandshakeMessage> messages(1);
  messages[0].length = bytes.size();
  std::copy(bytes.begin(), bytes.end(), messages[0].bytes);
  return messages;
}

}  // namespace

bool warm_up_handshakes() {
  Handshakes initiator, responder;
  take_new_identity(initiator);
  take_new_identity(responder);
  initiator.add_peer(1, responder.public_key());
  responder.add_peer(1, initiator.public_key());
  const Timestamp timestamp{1};
  const auto initiation = initiator.initiate(1, timestamp, 0);
  if (!initiation) return false;
  const auto answered = responder.receive(arrived(initiation->message), 0);
  if (answered.size() != 1 || answered[0].kind != HandshakeOutcome::Kind::answered) return false;
  const auto completed = initiator.receive(arrived(answered[0].response), 0);
  return completed.size() == 1 && completed[0].kind == HandshakeOutcome::Kind::completed &&
         std::equal(completed[0].keys.begin(), completed[0].keys.end(), answered[0].keys.begin());
}

}  // namespace wgq
