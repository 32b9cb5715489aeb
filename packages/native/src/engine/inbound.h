// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "engine/ordered-queue.h"
#include "engine/received-batch.h"
#include "engine/transmitter.h"
#include "engine/tun-writer.h"
#include "engine/wakeup.h"

namespace wgq {

// The receiving thread: UDP → decryption → checks → TUN, to completion for each batch of datagrams. With a queue,
// batches are decrypted by several threads; checks and TUN follow in the order of arrival.
class Inbound {
 public:
  // With `offer` (see OrderedQueue) there is a queue over the device's slots.
  explicit Inbound(Device& device, std::function<void()> offer = nullptr);

  void run();
  const Wakeup& wakeup() const { return wakeup_; }
  // Whether the thread sleeps on these sockets or is about to: until it is awake the kernel keeps them open.
  bool sleeps_on(const UdpSockets* sockets) const { return slept_on_.load(std::memory_order_acquire) == sockets; }
  // Null when this thread does all the work.
  OrderedQueue* queue() { return queue_.get(); }
  // For tests: processes one datagram as if it had been received now.
  void inject(std::uint8_t* data, std::size_t length, const DatagramFacts& facts, const Endpoint& from);

 private:
  // A message after decryption.
  struct Opened {
    enum class Kind : std::uint8_t { transport, handshake, dropped };
    Kind kind;
    std::uint8_t tos;
    std::uint8_t* data;
    std::size_t length;
    const Endpoint* from;
    Keypair* keypair;
  };

  // Datagrams passing through the queue.
  struct Slot {
    explicit Slot(std::size_t most) : batch(most) { datagrams.reserve(most); }
    ReceivedBatch batch;
    std::uint64_t now = 0;
    std::vector<ReceivedDatagram> datagrams;
    std::vector<Opened> opened;
  };

  // True when there may be more to read.
  bool receive(UdpSocket& socket);
  void process(Slot& slot);
  // The two halves of `process`: the first on any thread, the second in the order of arrival.
  void open(Slot& slot, Aead& aead);
  void finish(Slot& slot);
  void end_batch();
  // Writes the delivered packets to the TUN.
  void hand_over();

  // Opens each message of a datagram and calls `visit(opened)`; the datagram must outlive what is opened.
  template <class Visit>
  void open_each(const ReceivedDatagram& datagram, std::uint64_t now, Aead& aead, Visit visit);
  void open(Opened& message, std::uint64_t now, Aead& aead);
  void accept(const Opened& message);
  void transport(const Opened& message);
  void handshake(const std::uint8_t* data, std::size_t length, const Endpoint& from);
  void deliver(Peer& peer, std::uint8_t* packet, std::size_t length, std::uint8_t tos);
  void meet(Keypair& keypair, const Endpoint& from);
  // Counts the run of messages that ends here.
  void account();
  void confirm(Keypair& keypair);

  Device& device_;
  Wakeup wakeup_;
  std::atomic<const UdpSockets*> slept_on_{nullptr};
  Aead aead_;
  Transmitter transmitter_;  // staged packets of a session that was just confirmed
  TunWriter tun_writer_;
  // Successive accepted messages of one keypair in one datagram.
  struct Run {
    Keypair* keypair = nullptr;
    const Endpoint* from = nullptr;
    std::size_t bytes = 0;
    bool has_data = false;
  };
  Run run_;
  std::uint64_t now_ = 0;  // of the current batch
  int receive_failures_ = 0;
  std::vector<Slot> slots_;  // one, or one for each slot of the queue
  std::unique_ptr<OrderedQueue> queue_;
};

}  // namespace wgq
