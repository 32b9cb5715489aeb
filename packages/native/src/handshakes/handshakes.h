// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/handshake-admission.h"
#include "engine/mailbox.h"
#include "handshakes/party.h"
#include "noise/crew.h"

namespace wgq {

// What became of a handshake message that arrived.
struct HandshakeOutcome {
  enum class Kind {
    // A session begins: we are its responder, and `response` is to be sent.
    answered,
    // A session begins: our initiation was answered.
    completed,
    invalid_initiation,
    replayed,
    too_fast,
    invalid_response,
    cookie_received,
    invalid_cookie,
    ignored,  // for nobody
    failed,   // inside: `failure` says why
  };

  HandshakeOutcome(Kind what, std::uint32_t whose, const Endpoint& where) : kind(what), peer(whose), from(where) {}

  Kind kind;
  std::uint32_t peer;  // 0: unknown
  Endpoint from;
  std::uint32_t local_index = 0, remote_index = 0;
  // What the initiator sends with, and then what the responder sends with.
  Secret<noise::session_keys_bytes> keys;
  std::array<std::uint8_t, response_bytes> response{};
  // Of an initiation that was answered or replayed: the peer's clock, and by how much it is behind what it said before.
  std::uint64_t unix_seconds = 0, seconds_behind = 0;
  std::optional<Secret<noise::key_bytes>> ephemeral;  // only if they are revealed
  std::string failure;
  int error_number = 0;  // of an answer that did not leave; set by whoever sends it
};

// As in engine.ts.
const char* name_of(HandshakeOutcome::Kind kind);

// The handshakes of a device, both directions (protocol §3, §5, §6.3): whose initiation is answered, which response is
// ours, and what all of them are about. It sends nothing and owns no session. The engine has checked length and mac1.
// For one thread; the cryptography of several messages is shared among cores.
class Handshakes {
 public:
  Handshakes();
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;
  ~Handshakes();

  // Sets our own private key, 32 bytes (OpenSSL clamps), or none. Ends our outstanding initiations. Returns what admission
  // needs to know; null without a key.
  std::unique_ptr<Identity> set_identity(std::optional<noise::Key> private_key);
  // The public half. Not without an identity.
  const PublicKey& public_key() const;
  // Whether initiations and outcomes tell our private ephemeral keys, for a key log.
  void reveal_ephemerals(bool revealed) { reveals_ = revealed; }

  void add_peer(std::uint32_t id, const PublicKey& key);
  void remove_peer(std::uint32_t id);
  // 32 bytes; all zero: none. For the next handshake.
  void set_preshared_key(std::uint32_t id, noise::Key key);
  // Computes in advance what every handshake with a peer needs.
  void prepare(std::uint32_t id);

  struct MadeInitiation {
    std::array<std::uint8_t, initiation_bytes> message{};
    std::optional<Secret<noise::key_bytes>> ephemeral;  // only if they are revealed
    int error_number = 0;  // why it did not leave; set by whoever sends it
  };
  // A new initiation, which takes the place of an older one. Null without an identity, and for a peer whose public key is
  // of low order: such a peer gets no packet (protocol §3.1). Raises SystemError when OpenSSL refuses.
  std::unique_ptr<MadeInitiation> initiate(std::uint32_t id, const Timestamp& timestamp, std::uint64_t now);
  bool initiating(std::uint32_t id) const { return party(id).initiation != nullptr; }
  void forget_initiation(std::uint32_t id) { forget_initiation(party(id)); }

  // Handles messages of type 1, 2 and 3 in their order. Each has one outcome; without an identity there is
  // none. `now` is the boot time.
  std::deque<HandshakeOutcome> receive(const std::deque<HandshakeMessage>& messages, std::uint64_t now);

  // Frees an index: of a session that ended, of an initiation that is forgotten, of an answer that failed.
  void release(std::uint32_t local_index) { indices_.erase(local_index); }
  std::size_t indices() const { return indices_.size(); }

 private:
  struct Self;
  struct Received;
  struct Admitted;
  enum class Use { handshake, session };
  struct Owner {
    std::uint32_t peer;
    Use use;
  };

  Party& party(std::uint32_t id) const;
  // The peer that a message with this index is for; null where there is none.
  Party* owner_of(std::uint32_t local_index, std::optional<Use> use = std::nullopt) const;
  bool has_static_secret(Party& party);
  void forget_initiation(Party& party);
  std::uint32_t take_index(Party& party, Use use);
  void open(Received& received, bool shared);
  void initiation_arrived(Received& received, std::deque<HandshakeOutcome>& outcomes, std::vector<Admitted>& admitted);
  void response_arrived(Received& received, std::deque<HandshakeOutcome>& outcomes);
  void cookie_arrived(const HandshakeMessage& message, std::deque<HandshakeOutcome>& outcomes, std::uint64_t now);
  void answer(std::vector<Admitted>& admitted, std::uint64_t now);
  void sign(Party& party, std::span<std::uint8_t> message, std::uint64_t now);

  std::unique_ptr<Self> self_;
  bool reveals_ = false;
  std::unordered_map<std::uint32_t, std::unique_ptr<Party>> parties_;
  std::unordered_map<PublicKey, Party*, PublicKeyHash> by_key_;
  // The indices by which messages identify their receiver: random, so that they reveal neither number nor order of peers
  // (protocol §3.6). An initiator's starts as a handshake's and can become a session's; a responder's is a session's.
  std::unordered_map<std::uint32_t, Owner> indices_;
  Crew crew_;
};

}  // namespace wgq
