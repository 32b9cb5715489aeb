// SPDX-License-Identifier: MIT
#include "engine/open-batch.h"

#include <cstring>

#include "engine/bytes.h"

namespace wgq {

OpenBatch::OpenBatch() : arena_(std::make_unique_for_overwrite<std::uint8_t[]>(arena_bytes)) { clear(); }

void OpenBatch::clear() {
  batch_ = {.data = arena_.get() + Aead::lead};
  peer_ = nullptr;
  ended_ = has_data_ = refused_ = false;
  added_ = sealed_ = 0;
}

bool OpenBatch::fits(const Peer& peer, std::size_t bytes, Outer outer) const {
  if (empty()) return true;
  return peer_ == &peer && !ended_ && batch_.tos == outer.ecn && batch_.hop_limit == outer.hop_limit &&
         bytes <= batch_.stride && added_ < most_segments && batch_.bytes + bytes <= most_batch_bytes;
}

void OpenBatch::add(Peer& peer, Keypair& keypair, std::size_t length, std::size_t padded, Outer outer,
                    std::uint64_t nonce) {
  const std::size_t bytes = padded + transport_overhead;
  if (empty()) {
    peer_ = &peer;
    batch_.stride = bytes;
    batch_.tos = outer.ecn;
    batch_.hop_limit = outer.hop_limit;
  }
  keypair_ = &keypair;
  messages_[added_++] = {&keypair, nonce, static_cast<std::uint32_t>(batch_.bytes), static_cast<std::uint32_t>(length),
                         static_cast<std::uint32_t>(padded)};
  if (bytes < batch_.stride) ended_ = true;
  if (length > 0) has_data_ = true;
  batch_.bytes += bytes;
}

// Encrypts in order: encrypting a message overwrites a few bytes after its tag, where the next header belongs.
void OpenBatch::seal(Aead& aead) {
  for (; sealed_ < added_; sealed_++) {
    const Message& message = messages_[sealed_];
    std::uint8_t* const header = arena_.get() + Aead::lead + message.at;
    std::uint8_t* const text = header + transport_header_bytes;
    std::memset(text + message.length, 0, message.padded - message.length);
    store_le(header, message_transport);
    store_le(header + 4, message.keypair->remote_index);
    store_le(header + 8, message.nonce);
    if (!aead.seal(message.keypair->send_key, message.nonce, text, message.padded)) refused_ = true;
  }
}

}  // namespace wgq
