// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>
#include <tuple>

#include "engine/aead.h"
#include "engine/binding.h"
#include "engine/platform.h"
#include "engine/wakeup.h"
#include "handshakes/warm-up.h"
#include "system/readiness.h"
#include "modules.h"

namespace wgq {
namespace {

// The engine together with its wake-up on the event loop.
class Binding {
 public:
  Binding(napi_env env, const EngineSettings& settings, napi_value on_wake) : env_(env) {
    on_wake_.emplace(env, wakeup_.fd(), on_wake, [this] { wakeup_.clear(); });
    engine_.emplace(settings, [this] { wakeup_.signal(); });
    napi_add_env_cleanup_hook(env_, at_exit, this);  // the threads must not outlive the event loop
  }
  Binding(const Binding&) = delete;
  Binding& operator=(const Binding&) = delete;
  ~Binding() { close(); }

  void close() {
    if (!engine_) return;
    engine_.reset();
    on_wake_.reset();
    napi_remove_env_cleanup_hook(env_, at_exit, this);
  }

  Engine& engine() {
    if (!engine_) throw SystemError{EBADF, "The packet engine was closed"};
    return *engine_;
  }

 private:
  static void at_exit(void* binding) { static_cast<Binding*>(binding)->close(); }

  napi_env env_;
  Wakeup wakeup_;
  std::optional<Readiness> on_wake_;
  std::optional<Engine> engine_;
};

Engine& engine_of(js::Call& call) { return call.wrapped<Binding>().engine(); }

}  // namespace

Engine& engine_of(napi_env env, napi_value object) { return js::unwrap<Binding>(env, object).engine(); }

Endpoint endpoint_of(const js::Value& value) {
  Endpoint endpoint;
  if (value.absent()) return endpoint;
  const js::Bytes bytes = value.bytes_of(sizeof endpoint, "an endpoint record");
  std::memcpy(static_cast<void*>(&endpoint), bytes.data(), sizeof endpoint);
  const auto known = [](std::uint8_t family) { return family == 4 || family == 6; };
  if (!known(endpoint.family) || (endpoint.source_family != 0 && !known(endpoint.source_family)))
    throw ArgumentError{"An endpoint record has an unknown family"};
  return endpoint;
}

napi_value endpoint_record(napi_env env, const Endpoint& endpoint) {
  return js::buffer(env, {reinterpret_cast<const std::uint8_t*>(&endpoint), sizeof endpoint});
}

namespace {

napi_value bind(js::Call& call) {
  const std::uint32_t port = call[0].u32();
  if (port > 65535) throw ArgumentError{"Expected a port between 0 and 65535"};
  return js::number(call.env, engine_of(call).bind(static_cast<std::uint16_t>(port)));
}

napi_value unbind(js::Call& call) { return engine_of(call).unbind(), nullptr; }
napi_value set_fwmark(js::Call& call) { return engine_of(call).set_mark(call[0].u32()), nullptr; }
napi_value start(js::Call& call) { return engine_of(call).start(), nullptr; }
napi_value stop(js::Call& call) { return engine_of(call).stop(), nullptr; }
napi_value close(js::Call& call) { return call.wrapped<Binding>().close(), nullptr; }
// reattachTun(): string | undefined
napi_value reattach_tun(js::Call& call) {
  const auto why_not = engine_of(call).reattach_tun();
  return why_not ? js::string(call.env, error_text(*why_not)) : nullptr;
}

napi_value set_mtu(js::Call& call) { return engine_of(call).set_mtu(call[0].u32()), nullptr; }

napi_value set_route_mtus(js::Call& call) {
  const js::Bytes bytes = call[0].bytes();
  std::vector<std::uint32_t> ascending(bytes.size() / sizeof(std::uint32_t));
  std::memcpy(ascending.data(), bytes.data(), ascending.size() * sizeof(std::uint32_t));
  return engine_of(call).set_route_mtus(ascending), nullptr;
}

// setIdentity(privateKey?): Buffer, the public key
napi_value set_identity(js::Call& call) {
  Engine& engine = engine_of(call);
  if (call[0].absent()) return engine.set_identity(std::nullopt), nullptr;
  engine.set_identity(call[0].bytes_of<noise::key_bytes>("a private key"));
  return js::buffer(call.env, engine.handshakes().public_key());
}

napi_value reveal_ephemerals(js::Call& call) {
  return engine_of(call).handshakes().reveal_ephemerals(call[0].boolean()), nullptr;
}

napi_value add_peer(js::Call& call) {
  return js::number(call.env, engine_of(call).add_peer(call[0].array_of<noise::key_bytes>("a public key")));
}

napi_value set_preshared_key(js::Call& call) {
  Secret<noise::key_bytes> key;
  if (!call[1].absent()) std::ranges::copy(call[1].bytes_of<noise::key_bytes>("a preshared key"), key.begin());
  return engine_of(call).handshakes().set_preshared_key(call[0].u32(), key), nullptr;
}

napi_value remove_peer(js::Call& call) { return engine_of(call).remove_peer(call[0].u32()), nullptr; }
napi_value clear_source(js::Call& call) { return engine_of(call).clear_source(call[0].u32()), nullptr; }

napi_value set_endpoint(js::Call& call) {
  return engine_of(call).set_endpoint(call[0].u32(), endpoint_of(call[1])), nullptr;
}

napi_value update_allowed_ips(js::Call& call) {
  return engine_of(call).update_allowed_ips(call[0].bytes()), nullptr;
}

napi_value clear_sessions(js::Call& call) { return engine_of(call).clear_sessions(call[0].u32()), nullptr; }
napi_value expire_sending(js::Call& call) { return engine_of(call).expire_sending(call[0].u32()), nullptr; }

napi_value prepare_handshake(js::Call& call) {
  return engine_of(call).handshakes().prepare(call[0].u32()), nullptr;
}

// initiate(peer, timestamp): { errno, ephemeral? } | undefined
napi_value initiate(js::Call& call) {
  const auto timestamp = call[1].array_of<noise::timestamp_bytes>("a timestamp");
  const auto sent = engine_of(call).initiate(call[0].u32(), timestamp);
  if (!sent) return nullptr;
  napi_value made = js::object(call.env);
  js::set(call.env, made, "errno", js::number(call.env, sent->error_number));
  if (sent->ephemeral) js::set(call.env, made, "ephemeral", js::buffer(call.env, *sent->ephemeral));
  return made;
}

napi_value is_initiating(js::Call& call) {
  return js::boolean(call.env, engine_of(call).handshakes().initiating(call[0].u32()));
}

napi_value forget_initiation(js::Call& call) {
  return engine_of(call).handshakes().forget_initiation(call[0].u32()), nullptr;
}

napi_value send_keepalive(js::Call& call) { return engine_of(call).send_keepalive(call[0].u32()), nullptr; }
napi_value flush_staged(js::Call& call) { return engine_of(call).flush_staged(call[0].u32()), nullptr; }

napi_value drop_staged(js::Call& call) {
  return js::number(call.env, static_cast<double>(engine_of(call).drop_staged(call[0].u32())));
}

napi_value event(napi_env env, const char* kind) {
  napi_value made = js::object(env);
  js::set(env, made, "kind", js::string(env, kind));
  return made;
}

napi_value outcome_event(napi_env env, const HandshakeOutcome& outcome) {
  napi_value made = event(env, "handshake");
  js::set(env, made, "outcome", js::string(env, name_of(outcome.kind)));
  js::set(env, made, "peer", js::number(env, outcome.peer));
  using Kind = HandshakeOutcome::Kind;
  switch (outcome.kind) {
    case Kind::answered:
      js::set(env, made, "errno", js::number(env, outcome.error_number));
      js::set(env, made, "unixSeconds", js::number(env, static_cast<double>(outcome.unix_seconds)));
      if (outcome.ephemeral) js::set(env, made, "ephemeral", js::buffer(env, *outcome.ephemeral));
      break;
    case Kind::replayed:
      js::set(env, made, "secondsBehind", js::number(env, static_cast<double>(outcome.seconds_behind)));
      break;
    case Kind::failed:
      js::set(env, made, "reason", js::string(env, outcome.failure));
      break;
    default:
      break;
  }
  return made;
}

napi_value take_events(js::Call& call) {
  napi_env env = call.env;
  const auto taken = engine_of(call).take_events(call[0].absent() ? 64 : call[0].u32());
  napi_value events = js::array(env, 0);
  std::uint32_t next = 0;
  for (const Engine::PeerEvents& of_peer : taken->peers) {
    napi_value made = event(env, "peer");
    js::set(env, made, "peer", js::number(env, of_peer.id));
    js::set(env, made, "flags", js::number(env, of_peer.flags));
    js::set(env, made, "sendErrno", js::number(env, of_peer.send_error));
    js::set(env, events, next++, made);
  }
  for (const HandshakeOutcome& outcome : taken->handshakes) js::set(env, events, next++, outcome_event(env, outcome));
  const Mailbox::Contents& rest = taken->rest;
  for (const std::string& text : rest.notices) {
    napi_value made = event(env, "notice");
    js::set(env, made, "text", js::string(env, text));
    js::set(env, events, next++, made);
  }
  if (rest.header_refused) js::set(env, events, next++, event(env, "headerRefused"));
  if (rest.fatal) {
    napi_value made = event(env, "fatal");
    js::set(env, made, "errno", js::number(env, rest.fatal->number));
    js::set(env, made, "text", js::string(env, rest.fatal->text));
    js::set(env, events, next++, made);
  }
  return events;
}

napi_value report_drain(js::Call& call) { return engine_of(call).report_drain(call[0].number()), nullptr; }

napi_value peer_state(js::Call& call) {
  napi_env env = call.env;
  Peer& peer = engine_of(call).peer(call[0].u32());
  // Reset before the facts are read, so that an edge from now on is reported again.
  peer.silence_reported.store(0, std::memory_order_seq_cst);
  peer.debt_reported.store(0, std::memory_order_seq_cst);
  napi_value made = js::object(env);
  const auto big = [&](const char* name, const std::atomic<std::uint64_t>& value) {
    js::set(env, made, name, js::bigint(env, value.load(std::memory_order_seq_cst)));
  };
  big("rxBytes", peer.rx_bytes);
  big("txBytes", peer.tx_bytes);
  big("unansweredSince", peer.unanswered_since);
  big("unacknowledgedSince", peer.unacknowledged_since);
  big("lastTraversal", peer.last_traversal);
  big("lastReceived", peer.last_received);
  big("lastDataSent", peer.last_data_sent);
  js::set(env, made, "staged", js::number(env, peer.staged.count()));
  return made;
}

napi_value peer_endpoint(js::Call& call) {
  const Endpoint endpoint = engine_of(call).peer(call[0].u32()).endpoint.read();
  return endpoint.known() ? endpoint_record(call.env, endpoint) : nullptr;
}

napi_value counters(js::Call& call) {
  napi_env env = call.env;
  Engine& engine = engine_of(call);
  Device& device = engine.device();
  napi_value made = js::object(env);
#define WGQ_SET(field, name) \
  js::set(env, made, name, js::number(env, static_cast<double>(device.counters.field.load(std::memory_order_relaxed))));
  WGQ_COUNTERS(WGQ_SET)
#undef WGQ_SET
  js::set(env, made, "stagedBytes", js::number(env, static_cast<double>(device.staged_bytes.load())));
  js::set(env, made, "handshakesWaiting", js::number(env, static_cast<double>(device.mailbox.handshakes_queued())));
  js::set(env, made, "indices", js::number(env, static_cast<double>(engine.handshakes().indices())));
  return made;
}

napi_value calls_ciphers_directly(js::Call& call) { return js::boolean(call.env, Aead().low_level()); }

// warmUpHandshakes(): boolean. What OpenSSL refuses here, the first handshake reports.
napi_value warm_up(js::Call& call) {
  bool same = false;
  std::ignore = reason_of_failure([&] { same = warm_up_handshakes(); });
  return js::boolean(call.env, same);
}

bool flag(const js::Value& value, bool otherwise) { return value.absent() ? otherwise : value.boolean(); }

napi_value create_engine(js::Call& call) {
  platform::return_large_blocks();
  napi_env env = call.env;
  const js::Value options = call[0], tun = options.property("tun"), buffer = options.property("receiveBufferBytes"),
                  threads = options.property("threads");
  EngineSettings settings;
  settings.tun_fd = tun.property("fd").i32();
  settings.framing = tun.property("vnetHeader").boolean()         ? Framing::virtio
                     : flag(tun.property("familyWord"), false) ? Framing::family_word
                                                               : Framing::none;
  settings.udp_segmentation_of_tun = tun.property("udpSegmentation").boolean();
  settings.tun_coalescing = flag(options.property("tunCoalescing"), true);
  settings.mtu = options.property("mtu").u32();
  settings.sockets.segmentation = flag(options.property("udpSegmentation"), true);
  settings.sockets.coalescing = flag(options.property("udpCoalescing"), true);
  if (!buffer.absent()) settings.sockets.receive_buffer = buffer.i32();
  if (!threads.absent()) settings.threads = std::min<std::size_t>(threads.u32(), 64);

  napi_value made = js::object(env);
  js::define<bind>(env, made, "bind");
  js::define<unbind>(env, made, "unbind");
  js::define<set_fwmark>(env, made, "setFwmark");
  js::define<start>(env, made, "start");
  js::define<stop>(env, made, "stop");
  js::define<close>(env, made, "close");
  js::define<reattach_tun>(env, made, "reattachTun");
  js::define<set_mtu>(env, made, "setMtu");
  js::define<set_route_mtus>(env, made, "setRouteMtus");
  js::define<set_identity>(env, made, "setIdentity");
  js::define<reveal_ephemerals>(env, made, "revealEphemerals");
  js::define<add_peer>(env, made, "addPeer");
  js::define<remove_peer>(env, made, "removePeer");
  js::define<set_preshared_key>(env, made, "setPresharedKey");
  js::define<set_endpoint>(env, made, "setEndpoint");
  js::define<clear_source>(env, made, "clearSource");
  js::define<update_allowed_ips>(env, made, "updateAllowedIps");
  js::define<clear_sessions>(env, made, "clearSessions");
  js::define<expire_sending>(env, made, "expireSending");
  js::define<prepare_handshake>(env, made, "prepareHandshake");
  js::define<initiate>(env, made, "initiate");
  js::define<is_initiating>(env, made, "isInitiating");
  js::define<forget_initiation>(env, made, "forgetInitiation");
  js::define<send_keepalive>(env, made, "sendKeepalive");
  js::define<flush_staged>(env, made, "flushStaged");
  js::define<drop_staged>(env, made, "dropStaged");
  js::define<take_events>(env, made, "takeEvents");
  js::define<report_drain>(env, made, "reportDrain");
  js::define<peer_state>(env, made, "peerState");
  js::define<peer_endpoint>(env, made, "peerEndpoint");
  js::define<counters>(env, made, "counters");
  return js::wrap(env, made, std::make_unique<Binding>(env, settings, options.property("onWake").raw()));
}

}  // namespace

void register_engine(napi_env env, napi_value exports) {
  js::define<create_engine>(env, exports, "createEngine");
  js::define<warm_up>(env, exports, "warmUpHandshakes");
  js::define<calls_ciphers_directly>(env, exports, "callsCiphersDirectly");
}

}  // namespace wgq
