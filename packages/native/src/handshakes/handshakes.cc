// SPDX-License-Identifier: MIT
#include "handshakes/handshakes.h"

#include <openssl/rand.h>

#include <algorithm>
#include <string_view>
#include <thread>
#include <utility>

#include "engine/bytes.h"
#include "engine/cleared-stack.h"
#include "napi/error.h"
#include "noise/messages.h"

namespace wgq {
namespace {

// What cannot be shared (decisions, sessions, sending) takes a third of the time of a handshake: more would not help.
constexpr std::size_t most_helpers = 3;

// Initiations of one peer that are closer together are dropped: at most 50 a second (protocol §4.3).
constexpr std::uint64_t initiation_spacing = 20 * millisecond;

// The label of 1970-01-01 in a timestamp, with leap seconds as in all implementations (protocol §5).
constexpr std::uint64_t tai64n_epoch = 0x400000000000000a;

std::uint64_t seconds_of(const Timestamp& timestamp) { return load_be<std::uint64_t>(timestamp.data()); }

// HASH(label ‖ key)
void labelled(std::span<std::uint8_t> out, std::string_view label, const PublicKey& key) {
  const std::span text(reinterpret_cast<const std::uint8_t*>(label.data()), label.size());
  NoisePrimitives::of_thread().hash(out, text, key);
}
void write_mac1_key(std::span<std::uint8_t> out, const PublicKey& key) { labelled(out, "mac1----", key); }
void write_cookie_key(std::span<std::uint8_t> out, const PublicKey& key) { labelled(out, "cookie--", key); }

}  // namespace

const char* name_of(HandshakeOutcome::Kind kind) {
  switch (kind) {
    case HandshakeOutcome::Kind::answered:
      return "answered";
    case HandshakeOutcome::Kind::completed:
      return "completed";
    case HandshakeOutcome::Kind::invalid_initiation:
      return "invalidInitiation";
    case HandshakeOutcome::Kind::replayed:
      return "replayed";
    case HandshakeOutcome::Kind::too_fast:
      return "tooFast";
    case HandshakeOutcome::Kind::invalid_response:
      return "invalidResponse";
    case HandshakeOutcome::Kind::cookie_received:
      return "cookieReceived";
    case HandshakeOutcome::Kind::invalid_cookie:
      return "invalidCookie";
    case HandshakeOutcome::Kind::ignored:
      return "ignored";
    case HandshakeOutcome::Kind::failed:
      break;
  }
  return "failed";
}

// Our own key pair.
struct Handshakes::Self {
  explicit Self(noise::Key key) : private_key(PrivateKey::import(key)) { private_key.write_public(public_key); }

  PrivateKey private_key;
  PublicKey public_key;
};

// A message whose cryptography is done before its turn: that part needs no order and changes nothing.
struct Handshakes::Received {
  Received(const HandshakeMessage& arrived, std::uint32_t kind) : message(arrived), type(kind) {}

  const HandshakeMessage& message;
  const std::uint32_t type;
  bool genuine = false;
  std::string failure{};
  // Of an initiation: who sends it, and the state after that.
  PublicKey sender{};
  Secret<noise::transcript_bytes> transcript{};
  // Of a response: the peer whose initiation it names, and the keys of the session.
  Party* party = nullptr;
  std::uint32_t local_index = 0;
  Secret<noise::session_keys_bytes> keys{};

  noise::ConstInitiation initiation() const { return noise::ConstInitiation(message.bytes, initiation_bytes); }
  noise::ConstResponse response() const { return noise::ConstResponse(message.bytes, response_bytes); }
};

// An initiation that gets an answer.
struct Handshakes::Admitted {
  Party* party;
  Received* received;
  HandshakeOutcome* outcome;
};

Handshakes::Handshakes()
    : crew_(std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, most_helpers + 1) - 1, Aead::clear_stack) {}

Handshakes::~Handshakes() = default;

Party& Handshakes::party(std::uint32_t id) const {
  const auto found = parties_.find(id);
  if (found == parties_.end()) throw ArgumentError{"No peer has this number"};
  return *found->second;
}

Party* Handshakes::owner_of(std::uint32_t local_index, std::optional<Use> use) const {
  const auto owner = indices_.find(local_index);
  if (owner == indices_.end() || (use && owner->second.use != *use)) return nullptr;
  const auto found = parties_.find(owner->second.peer);
  return found == parties_.end() ? nullptr : found->second.get();
}

// --- keys and peers

std::unique_ptr<Identity> Handshakes::set_identity(std::optional<noise::Key> private_key) {
  const ClearedStack at_the_end;
  std::unique_ptr<Self> self;
  std::unique_ptr<Identity> keys;
  // Nothing changes if OpenSSL refuses.
  if (private_key) {
    self = std::make_unique<Self>(*private_key);
    keys = std::make_unique<Identity>();
    write_mac1_key(keys->mac1_key, self->public_key);
    write_cookie_key(keys->cookie_key, self->public_key);
  }
  self_ = std::move(self);
  for (auto& [id, party] : parties_) {
    party->static_secret_is = Party::StaticSecret::unknown;
    OPENSSL_cleanse(party->static_secret.data(), party->static_secret.size());
    forget_initiation(*party);
  }
  return keys;
}

const PublicKey& Handshakes::public_key() const { return self_->public_key; }

void Handshakes::add_peer(std::uint32_t id, const PublicKey& key) {
  if (by_key_.contains(key)) throw ArgumentError{"A peer has this public key"};
  const auto added = parties_.emplace(id, std::make_unique<Party>(id, key)).first;
  by_key_.emplace(key, added->second.get());
}

void Handshakes::remove_peer(std::uint32_t id) {
  Party& gone = party(id);
  forget_initiation(gone);
  by_key_.erase(gone.public_key);
  parties_.erase(id);
}

void Handshakes::set_preshared_key(std::uint32_t id, noise::Key key) {
  std::copy(key.begin(), key.end(), party(id).preshared_key.begin());
}

void Handshakes::prepare(std::uint32_t id) {
  const ClearedStack at_the_end;
  has_static_secret(party(id));
}

bool Handshakes::has_static_secret(Party& party) {
  if (!self_) return false;
  if (party.static_secret_is == Party::StaticSecret::unknown)
    party.static_secret_is =
        NoisePrimitives::of_thread().agree(party.static_secret, self_->private_key, party.public_key)
            ? Party::StaticSecret::known
            : Party::StaticSecret::low_order;
  return party.static_secret_is == Party::StaticSecret::known;
}

void Handshakes::forget_initiation(Party& party) {
  if (!party.initiation) return;
  release(party.initiation->local_index);
  party.initiation.reset();
}

std::uint32_t Handshakes::take_index(Party& party, Use use) {
  std::uint32_t index = 0;
  do {
    std::uint8_t random[sizeof index];
    if (RAND_bytes(random, sizeof random) != 1) throw SystemError{ENOSYS, "OpenSSL refused random bytes"};
    index = load<std::uint32_t>(random);
  } while (index == 0 || !indices_.emplace(index, Owner{party.id, use}).second);
  return index;
}

// --- sending

std::unique_ptr<Handshakes::MadeInitiation> Handshakes::initiate(std::uint32_t id, const Timestamp& timestamp,
                                                                 std::uint64_t now) {
  const ClearedStack at_the_end;
  Party& to = party(id);
  if (!has_static_secret(to)) return nullptr;
  NoisePrimitives& primitives = NoisePrimitives::of_thread();
  auto own = std::make_unique<OwnInitiation>(primitives.generate_key());
  auto made = std::make_unique<MadeInitiation>();
  if (!noise::create_initiation(primitives, made->message, own->transcript, self_->public_key, to.public_key,
                                to.static_secret, own->ephemeral, timestamp))
    return nullptr;
  if (reveals_) own->ephemeral.write_private(made->ephemeral.emplace());
  // The index is taken after the cryptography succeeded (protocol §3.6).
  own->local_index = take_index(to, Use::handshake);
  store_le(made->message.data(), message_initiation);
  store_le(made->message.data() + initiation::sender, own->local_index);
  forget_initiation(to);
  to.initiation = std::move(own);
  sign(to, made->message, now);
  return made;
}

// Writes mac1 and, with a cookie, mac2 into the last 32 bytes (protocol §3.1 step 9).
void Handshakes::sign(Party& party, std::span<std::uint8_t> message, std::uint64_t now) {
  NoisePrimitives& primitives = NoisePrimitives::of_thread();
  const auto mac2 = message.last(sizeof(Mac)), mac1 = message.last(2 * sizeof(Mac)).first(sizeof(Mac));
  PublicKey key;
  write_mac1_key(key, party.public_key);
  primitives.mac(mac1, key, message.first(message.size() - 2 * sizeof(Mac)));
  std::copy(mac1.begin(), mac1.end(), party.sent_mac1.emplace().begin());
  if (party.cookie && now - party.cookie->birth < ReceivedCookie::usable)
    primitives.mac(mac2, party.cookie->value, message.first(message.size() - sizeof(Mac)));
}

// --- receiving

std::deque<HandshakeOutcome> Handshakes::receive(const std::deque<HandshakeMessage>& messages, std::uint64_t now) {
  std::deque<HandshakeOutcome> outcomes;
  if (!self_) return outcomes;
  const ClearedStack at_the_end;
  std::deque<Received> all;
  for (const HandshakeMessage& message : messages) all.emplace_back(message, load_le<std::uint32_t>(message.bytes));
  crew_.run(all.size(), [&](std::size_t i) {
    all[i].failure = reason_of_failure([&] { open(all[i], all.size() > 1); });
  });
  std::vector<Admitted> admitted;
  for (Received& received : all) {
    if (received.failure.empty())
      received.failure = reason_of_failure([&] {
        if (received.type == message_initiation) initiation_arrived(received, outcomes, admitted);
        else if (received.type == message_response) response_arrived(received, outcomes);
        else cookie_arrived(received.message, outcomes, now);
      });
    if (!received.failure.empty())
      outcomes.emplace_back(HandshakeOutcome::Kind::failed, 0, received.message.from).failure = received.failure;
  }
  answer(admitted, now);
  return outcomes;
}

// On any thread. `shared`: other messages are opened at the same time, perhaps with the same keys.
void Handshakes::open(Received& received, bool shared) {
  NoisePrimitives& primitives = NoisePrimitives::of_thread();
  const auto with = [shared](PrivateKey& key, auto use) {
    if (!shared) return use(key);
    PrivateKey own = key.share();
    return use(own);
  };
  if (received.type == message_initiation) {
    received.genuine = with(self_->private_key, [&](PrivateKey& key) {
      return noise::open_static(primitives, received.initiation(), key, self_->public_key, received.sender,
                                received.transcript);
    });
    return;
  }
  if (received.type != message_response) return;
  const std::uint32_t index = load_le<std::uint32_t>(received.message.bytes + response::receiver);
  Party* const owner = owner_of(index, Use::handshake);
  if (!owner || !owner->initiation || owner->initiation->local_index != index) return;
  received.party = owner;
  received.local_index = index;
  OwnInitiation& own = *owner->initiation;
  received.genuine = with(own.ephemeral, [&](PrivateKey& ephemeral) {
    return with(self_->private_key, [&](PrivateKey& key) {
      return noise::open_response(primitives, received.response(), received.keys, own.transcript, ephemeral, key,
                                  owner->preshared_key);
    });
  });
}

void Handshakes::initiation_arrived(Received& received, std::deque<HandshakeOutcome>& outcomes,
                                    std::vector<Admitted>& admitted) {
  using Kind = HandshakeOutcome::Kind;
  const HandshakeMessage& message = received.message;
  const auto found = received.genuine ? by_key_.find(received.sender) : by_key_.end();
  Party* const from = found == by_key_.end() ? nullptr : found->second;
  Timestamp timestamp;
  if (!from || !has_static_secret(*from) ||
      !noise::open_timestamp(NoisePrimitives::of_thread(), received.initiation(), from->static_secret, timestamp,
                             received.transcript)) {
    outcomes.emplace_back(Kind::invalid_initiation, 0, message.from);
    return;
  }
  // Neither a replay nor part of a flood (protocol §3.2 steps 7 and 8).
  if (timestamp <= from->last_timestamp) {
    outcomes.emplace_back(Kind::replayed, from->id, message.from).seconds_behind =
        seconds_of(from->last_timestamp) - seconds_of(timestamp);
    return;
  }
  if (from->last_initiation && message.arrived - *from->last_initiation < initiation_spacing) {
    outcomes.emplace_back(Kind::too_fast, from->id, message.from);
    return;
  }
  from->last_timestamp = timestamp;
  from->last_initiation = message.arrived;
  // One handshake slot: the peer's initiation replaces ours (protocol §3.5). If both sides did so with initiations that
  // crossed, both answers would be in vain, so the side with the greater public key keeps its own initiation too.
  if (self_->public_key < from->public_key) forget_initiation(*from);
  // It has failed until there is an answer.
  HandshakeOutcome& outcome = outcomes.emplace_back(Kind::failed, from->id, message.from);
  const std::uint64_t seconds = seconds_of(timestamp);
  outcome.unix_seconds = seconds > tai64n_epoch ? seconds - tai64n_epoch : 0;
  admitted.push_back({from, &received, &outcome});
}

void Handshakes::answer(std::vector<Admitted>& admitted, std::uint64_t now) {
  crew_.run(admitted.size(), [&](std::size_t i) {
    auto& [party, received, outcome] = admitted[i];
    outcome->failure = reason_of_failure([&, &to = *party, &in = *received, &out = *outcome] {
      NoisePrimitives& primitives = NoisePrimitives::of_thread();
      PrivateKey ephemeral = primitives.generate_key();
      if (!noise::create_response(primitives, out.response, out.keys, in.transcript,
                                  in.initiation().subspan<initiation::ephemeral, noise::key_bytes>(), to.public_key,
                                  to.preshared_key, ephemeral))
        throw SystemError{ENOSYS, "OpenSSL refused an X25519 agreement"};
      if (reveals_) ephemeral.write_private(out.ephemeral.emplace());
    });
  });
  for (auto& [party, received, outcome] : admitted) {
    if (outcome->failure.empty())
      outcome->failure = reason_of_failure([&, &to = *party, &in = *received, &out = *outcome] {
        out.remote_index = load_le<std::uint32_t>(in.message.bytes + initiation::sender);
        out.local_index = take_index(to, Use::session);
        store_le(out.response.data(), message_response);
        store_le(out.response.data() + response::sender, out.local_index);
        store_le(out.response.data() + response::receiver, out.remote_index);
        sign(to, out.response, now);
        out.kind = HandshakeOutcome::Kind::answered;
      });
    if (outcome->kind == HandshakeOutcome::Kind::failed) release(std::exchange(outcome->local_index, 0));
  }
}

void Handshakes::response_arrived(Received& received, std::deque<HandshakeOutcome>& outcomes) {
  using Kind = HandshakeOutcome::Kind;
  Party* const from = received.party;
  // An earlier message of this call may have ended the initiation.
  if (!from || !from->initiation || from->initiation->local_index != received.local_index) {
    outcomes.emplace_back(Kind::ignored, 0, received.message.from);
    return;
  }
  if (!received.genuine) {
    outcomes.emplace_back(Kind::invalid_response, from->id, received.message.from);
    return;
  }
  HandshakeOutcome& outcome = outcomes.emplace_back(Kind::completed, from->id, received.message.from);
  outcome.local_index = received.local_index;
  outcome.remote_index = load_le<std::uint32_t>(received.message.bytes + response::sender);
  std::copy(received.keys.begin(), received.keys.end(), outcome.keys.begin());
  from->initiation.reset();
  indices_.at(received.local_index).use = Use::session;
}

void Handshakes::cookie_arrived(const HandshakeMessage& message, std::deque<HandshakeOutcome>& outcomes,
                                std::uint64_t now) {
  using Kind = HandshakeOutcome::Kind;
  // It may answer an initiation or a response.
  Party* const owner = owner_of(load_le<std::uint32_t>(message.bytes + cookie_reply::receiver));
  if (!owner || !owner->sent_mac1) {
    outcomes.emplace_back(Kind::ignored, 0, message.from);
    return;
  }
  Party& from = *owner;
  PublicKey key;
  write_cookie_key(key, from.public_key);
  auto fresh = std::make_unique<ReceivedCookie>();
  if (!open_cookie_reply(key, std::span<const std::uint8_t, cookie_reply_bytes>(message.bytes, cookie_reply_bytes),
                         *from.sent_mac1, fresh->value)) {
    outcomes.emplace_back(Kind::invalid_cookie, from.id, message.from);
    return;
  }
  fresh->birth = now;
  // Nothing is sent now: the next retransmission carries mac2 (protocol §6.3).
  from.cookie = std::move(fresh);
  from.sent_mac1.reset();
  outcomes.emplace_back(Kind::cookie_received, from.id, message.from);
}

}  // namespace wgq
