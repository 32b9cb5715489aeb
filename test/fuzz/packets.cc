// SPDX-License-Identifier: MIT
// The packet path under libFuzzer: an engine with one peer, whose TUN is /dev/null. The first byte says what the rest is: a
// datagram as it comes, the plaintext of a genuine message, a packet of the stack with its virtio header, or a handshake
// message behind the check of its mac1: as it comes, or a genuine one and what of it to change.
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "engine/aead.h"
#include "engine/bytes.h"
#include "engine/engine.h"
#include "linux/netns.h"

namespace wgq {
// Only an engine that is attached anew asks.
Descriptor netns_of_tun(int) { throw SystemError{ENOSYS, "fuzz"}; }
}  // namespace wgq

namespace {

using namespace wgq;

constexpr std::uint32_t local_index = 0x11223344;
const std::uint8_t keys[64]{1, 2, 3};
const std::uint8_t own_key[32]{4}, other_key[32]{5};
std::uint64_t nonce = 0;

struct World {
  std::unique_ptr<Engine> engine;
  Handshakes other;
  std::uint64_t seconds = 0;
  std::uint32_t peer;
  Endpoint from;

  World() {
    EngineSettings settings;
    settings.tun_fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    settings.framing = Framing::virtio;
    settings.udp_segmentation_of_tun = true;
    engine = std::make_unique<Engine>(settings, [] {});
    other.set_identity(own_key);
    const PublicKey own = other.public_key();
    other.set_identity(other_key);
    other.add_peer(1, own);
    engine->set_identity(own_key);
    peer = engine->add_peer(other.public_key());
    from.family = 4;
    from.port = 9;
    from.address[0] = 127;
    from.address[3] = 1;
    engine->set_endpoint(peer, from);
    for (const std::uint8_t family : {4, 6}) {
      std::uint8_t record[24]{0, family, 0};
      std::memcpy(record + 4, &peer, sizeof peer);
      engine->update_allowed_ips(record);
    }
    begin();
  }

  Timestamp later() {
    Timestamp timestamp{};
    store_be(timestamp.data(), ++seconds);
    return timestamp;
  }

  // Handles a message of the given bytes and length.
  void receive(const std::uint8_t* bytes, std::size_t length) {
    std::deque<HandshakeMessage> messages(1);
    messages[0].length = length;
    std::memcpy(messages[0].bytes, bytes, length);
    messages[0].from = from;
    messages[0].arrived = seconds * second;
    for (const HandshakeOutcome& outcome : engine->handshakes().receive(messages, messages[0].arrived))
      if (outcome.local_index) engine->handshakes().release(outcome.local_index);
  }

  void begin() {
    engine->clear_sessions(peer);
    engine->begin_session(peer, {true, local_index, 2, std::span<const std::uint8_t, 32>(keys, 32),
                                 std::span<const std::uint8_t, 32>(keys + 32, 32), 0, 0});
    nonce = 0;
  }
};

// A copy of exactly its size, so that the sanitizer sees a byte too many.
std::vector<std::uint8_t> message_of(const std::uint8_t* text, std::size_t length) {
  std::vector<std::uint8_t> bytes(Aead::lead + transport_overhead + length + Aead::slack);
  std::uint8_t* header = bytes.data() + Aead::lead;
  store_le(header, message_transport);
  store_le(header + 4, local_index);
  store_le(header + 8, nonce);
  if (length) std::memcpy(header + transport_header_bytes, text, length);
  static Aead aead;
  static const AeadKey key(keys + 32);
  if (!aead.seal(key, nonce++, header + transport_header_bytes, length)) std::abort();
  return bytes;
}

// A genuine message whose bytes are changed: pairs of a place and what to add there.
template <std::size_t size>
std::array<std::uint8_t, size> changed(std::array<std::uint8_t, size> message, const std::uint8_t* changes, std::size_t length) {
  for (std::size_t i = 0; i + 1 < length; i += 2) message[changes[i] % size] ^= changes[i + 1];
  return message;
}

void handshake(World& world, std::uint8_t kind, const std::uint8_t* data, std::size_t size) {
  static constexpr std::size_t lengths[]{0, initiation_bytes, response_bytes, cookie_reply_bytes};
  const std::uint32_t type = 1 + kind / 3 % 3;
  switch (kind % 3) {
    case 0: {
      std::uint8_t bytes[initiation_bytes]{};
      std::memcpy(bytes, data, std::min(size, sizeof bytes));
      store_le(bytes, type);
      return world.receive(bytes, lengths[type]);
    }
    case 1: {
      const auto made = world.other.initiate(1, world.later(), 0);
      if (!made) std::abort();
      const auto bytes = changed(made->message, data, size);
      return world.receive(bytes.data(), bytes.size());
    }
    case 2: {
      const auto made = world.engine->handshakes().initiate(world.peer, world.later(), 0);
      if (!made) std::abort();
      std::deque<HandshakeMessage> messages(1);
      messages[0].length = made->message.size();
      std::memcpy(messages[0].bytes, made->message.data(), made->message.size());
      messages[0].arrived = world.seconds * second;
      const auto answered = world.other.receive(messages, 0);
      if (answered.empty() || answered[0].kind != HandshakeOutcome::Kind::answered) std::abort();
      world.other.release(answered[0].local_index);
      const auto bytes = changed(answered[0].response, data, size);
      return world.receive(bytes.data(), bytes.size());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  if (size < 2 || size > 60000) return 0;
  const std::uint8_t what = data[0], more = data[1];
  data += 2;
  size -= 2;
  DatagramFacts facts;
  facts.tos = more;
  switch (what % 4) {
    case 0: {
      std::vector<std::uint8_t> bytes(Aead::lead + size + Aead::slack);
      if (size) std::memcpy(bytes.data() + Aead::lead, data, size);
      facts.segment = static_cast<std::uint16_t>(more ? more * 7 : 0);
      world.engine->inbound().inject(bytes.data() + Aead::lead, size, facts, world.from);
      break;
    }
    case 1: {
      auto bytes = message_of(data, size);
      world.engine->inbound().inject(bytes.data() + Aead::lead, transport_overhead + size, facts, world.from);
      break;
    }
    case 2: {
      VirtioHeader header;
      if (size < sizeof header) return 0;
      std::memcpy(&header, data, sizeof header);
      std::vector<std::uint8_t> packet(data + sizeof header, data + size);
      if (packet.empty()) return 0;
      packet.shrink_to_fit();
      world.engine->outbound().inject(packet.data(), packet.size(), header);
      break;
    }
    case 3:
      handshake(world, more, data, size);
      break;
  }
  world.engine->take_events(64);
  if (nonce > 1 << 20) world.begin();
  return 0;
}
