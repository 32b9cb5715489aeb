// SPDX-License-Identifier: MIT
#include "engine/allowed-ips.h"

#include "engine/peer.h"
#include "napi/error.h"

namespace wgq {
namespace {

struct Record {
  bool removes;
  bool v4;
  unsigned length;
  std::uint32_t peer;
  AddressBits bits;
};

Record read_record(const std::uint8_t* bytes) {
  const Record record{bytes[0] == 1, bytes[1] == 4, bytes[2], load<std::uint32_t>(bytes + 4),
                      bytes[1] == 4 ? AddressBits::v4(bytes + 8) : AddressBits::v6(bytes + 8)};
  const bool family_known = bytes[1] == 4 || bytes[1] == 6;
  if (bytes[0] > 1 || !family_known || record.length > (record.v4 ? 32u : 128u))
    throw ArgumentError{"An allowed-IP record is malformed"};
  return record;
}

}  // namespace

void AllowedIps::update(std::span<const std::uint8_t> records, const std::function<Peer*(std::uint32_t)>& peer_of) {
  if (records.size() % record_bytes) throw ArgumentError{"Allowed-IP records have 24 bytes each"};
  auto each = [&](auto visit) {
    for (std::size_t at = 0; at < records.size(); at += record_bytes) visit(read_record(records.data() + at), at);
  };
  each([&](const Record& record, std::size_t) {
    if (!record.removes && !peer_of(record.peer)) throw ArgumentError{"An allowed-IP record names an unknown peer"};
  });
  // Applies additions before removals, so that no prefix is unowned in between. A stamp keeps a removal from undoing an
  // addition that follows it in the records.
  const std::uint64_t base = stamp_ + 1;
  stamp_ += records.size() + 1;
  each([&](const Record& record, std::size_t at) {
    if (record.removes) return;
    Peer& peer = *peer_of(record.peer);
    if (record.v4) v4_.insert(record.bits, record.length, peer, peer.prefixes_v4, base + at);
    else v6_.insert(record.bits, record.length, peer, peer.prefixes_v6, base + at);
  });
  each([&](const Record& record, std::size_t at) {
    if (!record.removes) return;
    const Peer* owner = record.peer ? peer_of(record.peer) : nullptr;
    if (record.peer && !owner) return;  // already removed, together with its prefixes
    (record.v4 ? v4_ : v6_).remove(record.bits, record.length, owner, base + at);
  });
}

void AllowedIps::remove_peer(Peer& peer) {
  while (peer.prefixes_v4) v4_.remove(*peer.prefixes_v4);
  while (peer.prefixes_v6) v6_.remove(*peer.prefixes_v6);
}

}  // namespace wgq
