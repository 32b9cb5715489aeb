// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/virtio.h"

namespace wgq {

// Finishes a checksum that the stack left to the device; false when the header does not fit the packet.
bool complete_checksum(const VirtioHeader& header, std::uint8_t* packet, std::size_t length);

// Cuts a super-packet of the TUN into packets, each with its own lengths, sequence number and checksums. One pass
// copies and computes the checksum.
class Segmenter {
 public:
  // False when header and packet contradict each other. The packet must stay valid until the last segment was taken.
  bool start(const VirtioHeader& header, const std::uint8_t* packet, std::size_t length);

  // Total number of segments.
  std::size_t count() const { return count_; }
  // Length of the next segment; all but the last are equally long.
  std::size_t next_length() const;
  // Writes the next segment; returns its length, 0 after the last.
  std::size_t next(std::uint8_t* to);

 private:
  const std::uint8_t* packet_ = nullptr;
  std::size_t header_length_ = 0;  // IP and transport
  std::size_t transport_ = 0;      // where the transport header begins
  std::size_t payload_ = 0;
  std::size_t segment_payload_ = 0;
  std::size_t count_ = 0;
  std::size_t index_ = 0;
  bool v4_ = false;
  bool tcp_ = false;
};

}  // namespace wgq
