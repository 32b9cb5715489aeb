// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>

#include "engine/segmenter.h"
#include "engine/transmitter.h"
#include "engine/tun-writer.h"
#include "engine/unreachable.h"
#include "engine/wakeup.h"

namespace wgq {

// The sending thread: TUN → segments → encryption → UDP, to completion for each read.
class Outbound {
 public:
  // With `offer` (see OrderedQueue) there is a queue.
  explicit Outbound(Device& device, std::function<void()> offer = nullptr);

  void run();
  // Null when this thread does all the work.
  OrderedQueue* queue() { return transmitter_.queue(); }
  const Wakeup& wakeup() const { return wakeup_; }
  // For tests: processes one packet as if it had been read now.
  void inject(std::uint8_t* packet, std::size_t length, const VirtioHeader& header);

 private:
  enum class Read { packet, nothing, down, gone };

  Read read_packet();
  void forward(std::uint8_t* packet, std::size_t length, const VirtioHeader& header, bool in_place);
  void refuse(const std::uint8_t* packet, std::size_t length);
  bool is_own_message(const Peer& peer, const Endpoint& endpoint, const std::uint8_t* packet, std::size_t length) const;

  Device& device_;
  Wakeup wakeup_;
  Transmitter transmitter_;
  TunWriter tun_writer_;
  Segmenter segmenter_;
  Unreachable unreachable_;
  std::unique_ptr<std::uint8_t[]> overflow_;
  int read_error_ = 0;
};

}  // namespace wgq
