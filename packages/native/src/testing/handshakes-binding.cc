// SPDX-License-Identifier: MIT
#include <algorithm>
#include <deque>
#include <memory>
#include <optional>

#include "engine/binding.h"
#include "handshakes/handshakes.h"
#include "testing/bindings.h"

// The handshakes of a device without an engine: the twin of the data plane passes their messages on (testing.ts).
namespace wgq {
namespace {

struct Table {
  Handshakes handshakes;
  std::unique_ptr<Identity> identity{};
};

Handshakes& handshakes_of(js::Call& call) { return call.wrapped<Table>().handshakes; }

// setIdentity(privateKey?): Buffer, the public key
napi_value set_identity(js::Call& call) {
  auto& [handshakes, identity] = call.wrapped<Table>();
  const bool given = !call[0].absent();
  identity = handshakes.set_identity(
      given ? std::optional<noise::Key>(call[0].bytes_of<noise::key_bytes>("a private key")) : std::nullopt);
  return given ? js::buffer(call.env, handshakes.public_key()) : nullptr;
}

// admissionKeys(): { mac1Key, cookieKey }
napi_value admission_keys(js::Call& call) {
  const auto& keys = call.wrapped<Table>().identity;
  if (!keys) return nullptr;
  napi_value made = js::object(call.env);
  js::set(call.env, made, "mac1Key", js::buffer(call.env, keys->mac1_key));
  js::set(call.env, made, "cookieKey", js::buffer(call.env, keys->cookie_key));
  return made;
}

napi_value reveal_ephemerals(js::Call& call) {
  return handshakes_of(call).reveal_ephemerals(call[0].boolean()), nullptr;
}

napi_value add_peer(js::Call& call) {
  return handshakes_of(call).add_peer(call[0].u32(), call[1].array_of<noise::key_bytes>("a public key")), nullptr;
}

napi_value remove_peer(js::Call& call) { return handshakes_of(call).remove_peer(call[0].u32()), nullptr; }

napi_value set_preshared_key(js::Call& call) {
  const auto key = call[1].absent() ? PublicKey{} : call[1].array_of<noise::key_bytes>("a preshared key");
  return handshakes_of(call).set_preshared_key(call[0].u32(), key), nullptr;
}

napi_value prepare(js::Call& call) { return handshakes_of(call).prepare(call[0].u32()), nullptr; }

// initiate(peer, timestamp, now): { message, ephemeral? } | undefined
napi_value initiate(js::Call& call) {
  const auto timestamp = call[1].array_of<noise::timestamp_bytes>("a timestamp");
  const auto initiation = handshakes_of(call).initiate(call[0].u32(), timestamp, call[2].u64());
  if (!initiation) return nullptr;
  napi_value made = js::object(call.env);
  js::set(call.env, made, "message", js::buffer(call.env, initiation->message));
  if (initiation->ephemeral) js::set(call.env, made, "ephemeral", js::buffer(call.env, *initiation->ephemeral));
  return made;
}

napi_value is_initiating(js::Call& call) {
  return js::boolean(call.env, handshakes_of(call).initiating(call[0].u32()));
}

napi_value forget_initiation(js::Call& call) {
  return handshakes_of(call).forget_initiation(call[0].u32()), nullptr;
}

// receive(messages, now): the outcomes
napi_value receive(js::Call& call) {
  std::deque<HandshakeMessage> messages;
  for (std::uint32_t i = 0; i < call[0].length(); i++) {
    const js::Value given = call[0].element(i);
    const js::Bytes bytes = given.property("message").bytes();
    HandshakeMessage& message = messages.emplace_back();
    message.length = std::min(bytes.size(), sizeof message.bytes);
    std::copy_n(bytes.begin(), message.length, message.bytes);
    message.from = endpoint_of(given.property("from"));
    message.arrived = given.property("arrived").u64();
  }
  const auto outcomes = handshakes_of(call).receive(messages, call[1].u64());
  napi_env env = call.env;
  napi_value all = js::array(env, 0);
  std::uint32_t next = 0;
  for (const HandshakeOutcome& outcome : outcomes) {
    napi_value made = js::object(env);
    js::set(env, made, "outcome", js::string(env, name_of(outcome.kind)));
    js::set(env, made, "peer", js::number(env, outcome.peer));
    js::set(env, made, "from", endpoint_record(env, outcome.from));
    js::set(env, made, "localIndex", js::number(env, outcome.local_index));
    js::set(env, made, "remoteIndex", js::number(env, outcome.remote_index));
    js::set(env, made, "keys", js::buffer(env, outcome.keys));
    js::set(env, made, "response", js::buffer(env, outcome.response));
    js::set(env, made, "unixSeconds", js::number(env, static_cast<double>(outcome.unix_seconds)));
    js::set(env, made, "secondsBehind", js::number(env, static_cast<double>(outcome.seconds_behind)));
    js::set(env, made, "reason", js::string(env, outcome.failure));
    if (outcome.ephemeral) js::set(env, made, "ephemeral", js::buffer(env, *outcome.ephemeral));
    js::set(env, all, next++, made);
  }
  return all;
}

napi_value release(js::Call& call) { return handshakes_of(call).release(call[0].u32()), nullptr; }

napi_value indices(js::Call& call) {
  return js::number(call.env, static_cast<double>(handshakes_of(call).indices()));
}

napi_value create_handshakes(js::Call& call) {
  napi_value made = js::object(call.env);
  js::define<set_identity>(call.env, made, "setIdentity");
  js::define<admission_keys>(call.env, made, "admissionKeys");
  js::define<reveal_ephemerals>(call.env, made, "revealEphemerals");
  js::define<add_peer>(call.env, made, "addPeer");
  js::define<remove_peer>(call.env, made, "removePeer");
  js::define<set_preshared_key>(call.env, made, "setPresharedKey");
  js::define<prepare>(call.env, made, "prepare");
  js::define<initiate>(call.env, made, "initiate");
  js::define<is_initiating>(call.env, made, "isInitiating");
  js::define<forget_initiation>(call.env, made, "forgetInitiation");
  js::define<receive>(call.env, made, "receive");
  js::define<release>(call.env, made, "release");
  js::define<indices>(call.env, made, "indices");
  return js::wrap(call.env, made, std::make_unique<Table>());
}

}  // namespace

void register_handshakes_for_tests(napi_env env, napi_value testing) {
  js::define<create_handshakes>(env, testing, "createHandshakes");
}

}  // namespace wgq
