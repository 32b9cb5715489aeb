// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/limits.h"

namespace wgq {

// Packets of one peer that wait for a session: at most 128 and 256 KiB, 16 MiB over all peers; the oldest are dropped.
// A thread holds the lock while it adds or sends, so that packets leave in order.
class StagedQueue {
 public:
  struct Packet {
    std::unique_ptr<std::uint8_t[]> bytes;
    std::size_t length;
  };

  explicit StagedQueue(std::atomic<std::size_t>& bytes_of_all) : bytes_of_all_(bytes_of_all) {}
  ~StagedQueue() { clear(); }

  // Needs no lock: whether packets are waiting or being sent.
  bool busy() const { return count_.load(std::memory_order_acquire) != 0; }
  std::uint32_t count() const { return count_.load(std::memory_order_relaxed); }
  std::mutex& lock() { return lock_; }

  // The rest requires the lock.

  // Returns how many packets were dropped to make room.
  std::size_t push(const std::uint8_t* data, std::size_t length) {
    Packet packet{std::make_unique<std::uint8_t[]>(length), length};
    if (length) std::memcpy(packet.bytes.get(), data, length);
    queue().push_back(std::move(packet));
    add(length);
    return trim();
  }

  // Puts packets back before all others, in their order.
  std::size_t push_front(std::vector<Packet>&& packets) {
    for (auto packet = packets.rbegin(); packet != packets.rend(); ++packet) {
      add(packet->length);
      queue().push_front(std::move(*packet));
    }
    publish();
    return trim();
  }

  // Takes everything; `busy` stays true until `sent` is called.
  std::vector<Packet> take() {
    std::vector<Packet> packets;
    if (!queue_) return packets;
    packets.reserve(queue_->size());
    for (auto& packet : *queue_) {
      subtract(packet.length);
      packets.push_back(std::move(packet));
    }
    queue_.reset();
    return packets;
  }

  void sent() { publish(); }

  std::size_t clear() {
    const std::size_t dropped = take().size();
    publish();
    return dropped;
  }

  bool empty() const { return !queue_ || queue_->empty(); }

 private:
  std::deque<Packet>& queue() {
    if (!queue_) queue_ = std::make_unique<std::deque<Packet>>();
    return *queue_;
  }

  void add(std::size_t length) {
    bytes_ += length;
    bytes_of_all_.fetch_add(length, std::memory_order_relaxed);
  }

  void subtract(std::size_t length) {
    bytes_ -= length;
    bytes_of_all_.fetch_sub(length, std::memory_order_relaxed);
  }

  std::size_t trim() {
    std::size_t dropped = 0;
    while (queue_->size() > most_staged_packets || bytes_ > most_staged_bytes ||
           (queue_->size() > 1 && bytes_of_all_.load(std::memory_order_relaxed) > most_staged_bytes_of_all)) {
      subtract(queue_->front().length);
      queue_->pop_front();
      dropped++;
    }
    publish();
    return dropped;
  }

  void publish() { count_.store(static_cast<std::uint32_t>(queue_ ? queue_->size() : 0), std::memory_order_release); }

  std::atomic<std::size_t>& bytes_of_all_;
  std::mutex lock_;
  std::atomic<std::uint32_t> count_{0};
  std::unique_ptr<std::deque<Packet>> queue_;  // none while nothing waits: idle peers cost little
  std::size_t bytes_ = 0;
};

}  // namespace wgq
