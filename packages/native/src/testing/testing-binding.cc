// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <cerrno>
#include <map>
#include <memory>
#include <vector>

#include "engine/binding.h"
#include "engine/ip-packet.h"
#include "engine/padding.h"
#include "engine/platform.h"
#include "modules.h"
#include "testing/bindings.h"
#include "testing/refused-cipher.h"
#include "testing/refused-random.h"
#include "testing/stack-residue.h"

// Parts of the engine as separate functions, for the unit tests (testing.ts).
namespace wgq {
namespace {

// A copy of exactly the same size, so that a sanitizer detects every access outside it.
std::vector<std::uint8_t> exact_copy(const js::Value& value) {
  const js::Bytes bytes = value.bytes();
  return {bytes.begin(), bytes.end()};
}

napi_value padded_length_of(js::Call& call) {
  return js::number(call.env, static_cast<double>(padded_length(call[0].u32(), call[1].u32())));
}

// systemCallErrno(number): the error of a system call whose arguments fit none
napi_value system_call_errno(js::Call& call) {
  const long done = ::syscall(static_cast<long>(call[0].u32()), -1L, -1L, -1L, -1L, -1L, -1L);
  return js::number(call.env, done < 0 ? errno : 0);
}

// --- replay window

napi_value accept(js::Call& call) {
  return js::boolean(call.env, call.wrapped<ReplayWindow>().accept(call[0].u64()));
}

napi_value create_replay_window(js::Call& call) {
  napi_value made = js::object(call.env);
  js::define<accept>(call.env, made, "accept");
  return js::wrap(call.env, made, std::make_unique<ReplayWindow>());
}

// --- rate limiter

napi_value allow(js::Call& call) {
  return js::boolean(call.env, call.wrapped<RateLimiter>().allow(endpoint_of(call[0]), call[1].u64()));
}

napi_value limiter_size(js::Call& call) {
  return js::number(call.env, static_cast<double>(call.wrapped<RateLimiter>().size()));
}

napi_value create_rate_limiter(js::Call& call) {
  napi_value made = js::object(call.env);
  js::define<allow>(call.env, made, "allow");
  js::define<limiter_size>(call.env, made, "size");
  const std::size_t capacity = call[0].absent() ? RateLimiter::most_entries : call[0].u32();
  return js::wrap(call.env, made, std::make_unique<RateLimiter>(capacity));
}

// --- handshake admission

struct Admission {
  HandshakeAdmission admission;
  Identity identity;
};

napi_value judge(js::Call& call) {
  auto& [admission, identity] = call.wrapped<Admission>();
  const auto message = exact_copy(call[0]);
  switch (admission.judge(&identity, message, endpoint_of(call[1]), call[2].u32(), call[3].u64())) {
    case HandshakeAdmission::Verdict::admit:
      return js::string(call.env, "admit");
    case HandshakeAdmission::Verdict::malformed:
      return js::string(call.env, "malformed");
    case HandshakeAdmission::Verdict::bad_mac1:
      return js::string(call.env, "badMac1");
    case HandshakeAdmission::Verdict::answer_cookie:
      return js::string(call.env, "answerCookie");
    case HandshakeAdmission::Verdict::rate_limited:
      return js::string(call.env, "rateLimited");
  }
  return nullptr;
}

napi_value set_secret(js::Call& call) {
  const js::Bytes secret = call[0].bytes_of(32, "a secret");
  call.wrapped<Admission>().admission.cookies().set_secret(std::span<const std::uint8_t, 32>(secret.data(), 32),
                                                           call[1].u64());
  return nullptr;
}

napi_value reply(js::Call& call) {
  auto& [admission, identity] = call.wrapped<Admission>();
  const auto message = exact_copy(call[0]);
  const js::Bytes nonce = call[3].bytes_of(24, "a nonce");
  const auto made =
      admission.cookies().reply(identity.cookie_key, message, endpoint_of(call[1]), call[2].u64(), nonce.data());
  if (!made) throw SystemError{ENOSYS, "OpenSSL refused a cookie reply"};
  return js::buffer(call.env, *made);
}

napi_value set_random_refused(js::Call& call) {
  refuse_random(call[0].boolean());
  return nullptr;
}

napi_value set_cipher_refused(js::Call& call) {
  refuse_cipher(call[0].absent() ? std::string() : call[0].string());
  return nullptr;
}

napi_value report_drain(js::Call& call) {
  call.wrapped<Admission>().admission.report_drain(call[0].u64(), call[1].u64());
  return nullptr;
}

napi_value create_handshake_admission(js::Call& call) {
  auto admission = std::make_unique<Admission>();
  const js::Bytes mac1 = call[0].bytes_of(32, "mac1Key"), cookie = call[1].bytes_of(32, "cookieKey");
  std::copy(mac1.begin(), mac1.end(), admission->identity.mac1_key.begin());
  std::copy(cookie.begin(), cookie.end(), admission->identity.cookie_key.begin());
  napi_value made = js::object(call.env);
  js::define<judge>(call.env, made, "judge");
  js::define<set_secret>(call.env, made, "setSecret");
  js::define<reply>(call.env, made, "reply");
  js::define<report_drain>(call.env, made, "reportDrain");
  return js::wrap(call.env, made, std::move(admission));
}

// --- allowed IPs

struct Table {
  Epoch epoch{0};
  AllowedIps allowed_ips{epoch};
  std::atomic<std::size_t> staged{0};
  std::map<std::uint32_t, std::unique_ptr<Peer>> peers;
};

napi_value table_update(js::Call& call) {
  Table& table = call.wrapped<Table>();
  table.allowed_ips.update(call[0].bytes(), [&](std::uint32_t id) {
    auto& peer = table.peers[id];
    if (!peer && id != 0) peer = std::make_unique<Peer>(id, table.staged);
    return peer.get();
  });
  table.epoch.collect();
  return nullptr;
}

napi_value table_remove_peer(js::Call& call) {
  Table& table = call.wrapped<Table>();
  const auto found = table.peers.find(call[0].u32());
  if (found == table.peers.end() || !found->second) return nullptr;
  table.allowed_ips.remove_peer(*found->second);
  table.peers.erase(found);
  table.epoch.collect();
  return nullptr;
}

// lookup(addresses): Uint32Array-like list of owners for adjacent addresses of 4 or 16 bytes each
napi_value table_lookup(js::Call& call) {
  const Table& table = call.wrapped<Table>();
  const std::size_t size = call[0].u32();
  if (size != 4 && size != 16) throw ArgumentError{"Expected addresses of 4 or 16 bytes"};
  const auto addresses = exact_copy(call[1]);
  std::vector<std::uint32_t> owners;
  for (std::size_t at = 0; at + size <= addresses.size(); at += size) {
    const std::uint8_t* address = addresses.data() + at;
    const Peer* peer = size == 4 ? table.allowed_ips.lookup_v4(address) : table.allowed_ips.lookup_v6(address);
    owners.push_back(peer ? peer->id : 0);
  }
  return js::buffer(call.env, {reinterpret_cast<const std::uint8_t*>(owners.data()), owners.size() * 4});
}

napi_value create_allowed_ips(js::Call& call) {
  napi_value made = js::object(call.env);
  js::define<table_update>(call.env, made, "update");
  js::define<table_remove_peer>(call.env, made, "removePeer");
  js::define<table_lookup>(call.env, made, "lookup");
  return js::wrap(call.env, made, std::make_unique<Table>());
}

// --- TUN packets

VirtioHeader virtio_of(const js::Value& value) {
  VirtioHeader header;
  const js::Bytes bytes = value.bytes_of(sizeof header, "a virtio header");
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

// segment(header, packet): Uint8Array[] | undefined
napi_value segment(js::Call& call) {
  const auto packet = exact_copy(call[1]);
  Segmenter segmenter;
  if (!segmenter.start(virtio_of(call[0]), packet.data(), packet.size())) return nullptr;
  napi_value made = js::array(call.env, 0);
  for (std::uint32_t i = 0; segmenter.next_length() > 0; i++) {
    std::vector<std::uint8_t> bytes(segmenter.next_length());
    segmenter.next(bytes.data());
    js::set(call.env, made, i, js::buffer(call.env, bytes));
  }
  return made;
}

// completeChecksum(header, packet): Uint8Array | undefined
napi_value complete_checksum_of(js::Call& call) {
  auto packet = exact_copy(call[1]);
  if (!complete_checksum(virtio_of(call[0]), packet.data(), packet.size())) return nullptr;
  return js::buffer(call.env, packet);
}

// markCongestion(packet): Uint8Array, the packet after decapsulation from a marked one
napi_value mark_congestion_of(js::Call& call) {
  auto packet = exact_copy(call[0]);
  mark_congestion(packet.data());
  return js::buffer(call.env, packet);
}

// coalesce(packets, mergesTcp, mergesUdp): {header, bytes}[]
napi_value coalesce(js::Call& call) {
  Device device([] {});
  device.framing = Framing::virtio;
  device.merge_tcp = call[1].boolean();
  device.merge_udp = call[2].boolean();
  TunWriter writer(device);
  std::vector<std::vector<std::uint8_t>> packets;
  for (std::uint32_t i = 0; i < call[0].length(); i++) packets.push_back(exact_copy(call[0].element(i)));
  for (auto& packet : packets)
    if (has_ip_header(packet.data(), packet.size())) writer.add(packet.data(), packet.size());
  napi_value made = js::array(call.env, 0);
  std::uint32_t next = 0;
  for (const auto& written : writer.preview()) {
    napi_value item = js::object(call.env);
    js::set(call.env, item, "header",
            js::buffer(call.env, {reinterpret_cast<const std::uint8_t*>(&written.header), sizeof written.header}));
    js::set(call.env, item, "bytes", js::buffer(call.env, written.bytes));
    js::set(call.env, made, next++, item);
  }
  return made;
}

// unreachable(packet): Uint8Array | undefined
napi_value unreachable(js::Call& call) {
  const auto packet = exact_copy(call[0]);
  if (!has_ip_header(packet.data(), packet.size())) return nullptr;
  Unreachable builder;
  const std::size_t length = builder.build(packet.data(), packet.size(), 1000 * second);
  return length ? js::buffer(call.env, {builder.bytes(), length}) : nullptr;
}

// --- encryption

// seal(backend, key, nonce, plaintext): ciphertext and tag; open(backend, key, nonce, ciphertext): plaintext |
// undefined
Aead::Backend backend_of(const js::Value& value) {
  return value.string() == "evp" ? Aead::Backend::evp : Aead::Backend::best;
}

napi_value seal(js::Call& call) {
  constexpr std::size_t lead = Aead::lead;
  const AeadKey key(call[1].bytes_of(32, "a key").data());
  const auto plain = exact_copy(call[3]);
  std::vector<std::uint8_t> bytes(lead + plain.size() + tag_bytes + Aead::slack, 0xa5);
  std::copy(plain.begin(), plain.end(), bytes.begin() + lead);
  if (!Aead(backend_of(call[0])).seal(key, call[2].u64(), bytes.data() + lead, plain.size()))
    throw SystemError{ENOSYS, "OpenSSL refused to encrypt"};
  for (std::size_t i = 0; i < lead; i++)
    if (bytes[i] != 0xa5) throw ArgumentError{"seal changed what is before the text"};
  return js::buffer(call.env, std::span(bytes).subspan(lead, plain.size() + tag_bytes));
}

napi_value open(js::Call& call) {
  const AeadKey key(call[1].bytes_of(32, "a key").data());
  auto bytes = exact_copy(call[3]);
  if (bytes.size() < tag_bytes) return nullptr;
  const std::size_t length = bytes.size() - tag_bytes;
  bytes.resize(bytes.size() + Aead::slack, 0xa5);
  bytes.insert(bytes.begin(), Aead::lead, 0xa5);
  if (!Aead(backend_of(call[0])).open(key, call[2].u64(), bytes.data() + Aead::lead, length)) return nullptr;
  return js::buffer(call.env, std::span(bytes).subspan(Aead::lead, length));
}

// leavesOnStack(backend, operation, key, nonce, text, bytes): whether `bytes` remain on the stack after seal or open, before the thread sleeps
napi_value leaves_on_stack(js::Call& call) {
  Aead aead(backend_of(call[0]));
  const bool sealing = call[1].string() == "seal";
  const AeadKey key(call[2].bytes_of(32, "a key").data());
  const std::uint64_t nonce = call[3].u64();
  auto text = exact_copy(call[4]);
  const std::size_t length = text.size() - (sealing ? 0 : tag_bytes);
  text.resize(length + tag_bytes + Aead::slack);
  text.insert(text.begin(), Aead::lead, 0);
  bool done = false;
  const bool found = stack_holds(call[5].bytes(), [&] {
    std::uint8_t* at = text.data() + Aead::lead;
    done = sealing ? aead.seal(key, nonce, at, length) : aead.open(key, nonce, at, length);
    Aead::clear_stack();
  });
  if (!done) throw ArgumentError{"The text is not genuine"};
  return js::boolean(call.env, found);
}

// callLeavesOnStack(act, bytes): whether `bytes`, which `act` may write, remain on the stack after act()
napi_value call_leaves_on_stack(js::Call& call) {
  napi_status status = napi_ok;
  const bool found = stack_holds(call[1].bytes(), [&] {
    napi_value result = nullptr;
    status = napi_call_function(call.env, js::undefined(call.env), call[0].raw(), 0, nullptr, &result);
  });
  js::check(status);
  return js::boolean(call.env, found);
}

// --- whole paths of an engine that was not started

// injectDatagram(engine, bytes, segmentBytes, tos, from)
napi_value inject_datagram(js::Call& call) {
  Engine& engine = engine_of(call.env, call[0].raw());
  auto bytes = exact_copy(call[1]);
  const std::size_t length = bytes.size();
  bytes.resize(length + Aead::slack);
  bytes.insert(bytes.begin(), Aead::lead, 0);
  const DatagramFacts facts{static_cast<std::uint16_t>(call[2].u32()), static_cast<std::uint8_t>(call[3].u32())};
  engine.inbound().inject(bytes.data() + Aead::lead, length, facts, endpoint_of(call[4]));
  return nullptr;
}

// injectPacket(engine, header, bytes)
napi_value inject_packet(js::Call& call) {
  Engine& engine = engine_of(call.env, call[0].raw());
  auto bytes = exact_copy(call[2]);
  engine.outbound().inject(bytes.data(), bytes.size(), virtio_of(call[1]));
  return nullptr;
}

}  // namespace

void register_testing(napi_env env, napi_value exports) {
  napi_value testing = js::object(env);
  js::define<padded_length_of>(env, testing, "paddedLength");
  js::define<create_replay_window>(env, testing, "createReplayWindow");
  js::define<create_rate_limiter>(env, testing, "createRateLimiter");
  js::define<create_handshake_admission>(env, testing, "createHandshakeAdmission");
  js::define<set_random_refused>(env, testing, "refuseRandom");
  js::define<set_cipher_refused>(env, testing, "refuseCipher");
  js::define<system_call_errno>(env, testing, "systemCallErrno");
  js::define<create_allowed_ips>(env, testing, "createAllowedIps");
  js::define<segment>(env, testing, "segment");
  js::define<complete_checksum_of>(env, testing, "completeChecksum");
  js::define<mark_congestion_of>(env, testing, "markCongestion");
  js::define<coalesce>(env, testing, "coalesce");
  js::define<unreachable>(env, testing, "unreachable");
  js::define<seal>(env, testing, "seal");
  js::define<open>(env, testing, "open");
  js::define<leaves_on_stack>(env, testing, "leavesOnStack");
  js::define<call_leaves_on_stack>(env, testing, "callLeavesOnStack");
  js::define<inject_datagram>(env, testing, "injectDatagram");
  js::define<inject_packet>(env, testing, "injectPacket");
  js::set(env, testing, "offloads", js::boolean(env, platform::offloads));
  register_handshakes_for_tests(env, testing);
  register_sessions_for_tests(env, testing);
  js::set(env, exports, "testing", testing);
}

}  // namespace wgq
