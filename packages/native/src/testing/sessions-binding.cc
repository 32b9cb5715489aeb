// SPDX-License-Identifier: MIT
#include <vector>

#include "engine/binding.h"
#include "testing/bindings.h"

// Sessions of an engine without a handshake: the tests know the keys (testing.ts).
namespace wgq {
namespace {

napi_value numbers(napi_env env, const std::vector<std::uint32_t>& values) {
  napi_value made = js::array(env, values.size());
  for (std::uint32_t i = 0; i < values.size(); i++) js::set(env, made, i, js::number(env, values[i]));
  return made;
}

Engine& engine(js::Call& call) { return engine_of(call.env, call[0].raw()); }

// beginSession(engine, peer, session): the local indices that the rotation dropped
napi_value begin_session(js::Call& call) {
  const js::Value session = call[2], nonce = session.property("firstNonce"), age = session.property("ageNanoseconds");
  const std::string role = session.property("role").string();
  if (role != "initiator" && role != "responder") throw ArgumentError{"Expected role initiator or responder"};
  const SessionKeys keys{role == "initiator",
                         session.property("localIndex").u32(),
                         session.property("remoteIndex").u32(),
                         session.property("sendKey").bytes_of<noise::key_bytes>("sendKey"),
                         session.property("receiveKey").bytes_of<noise::key_bytes>("receiveKey"),
                         nonce.absent() ? 0 : nonce.u64(),
                         age.absent() ? 0 : age.u64()};
  return numbers(call.env, engine(call).begin_session(call[1].u32(), keys));
}

// dropSessions(engine, peer): the local indices of all sessions, which it drops
napi_value drop_sessions(js::Call& call) {
  return numbers(call.env, engine(call).clear_sessions(call[1].u32()));
}

}  // namespace

void register_sessions_for_tests(napi_env env, napi_value testing) {
  js::define<begin_session>(env, testing, "beginSession");
  js::define<drop_sessions>(env, testing, "dropSessions");
}

}  // namespace wgq
