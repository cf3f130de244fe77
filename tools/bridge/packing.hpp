// From the ring to packets: each is what one message carries.
//
// An ordinary consumer reads the items right into the packet's buffer: they are validated copies, the queue notices
// nothing. A packet is closed when it is full, when `linger` has passed since its first item, and where the indexes do
// not go on: behind a jump marker and behind a loss another one begins. So the index of every item in a packet follows
// from the first, and each index of the ring is accounted for by exactly one packet.
//
// Thread safety: one thread. Memory: one buffer, the limit or the largest item so far; never read ahead.
// Crash: nothing is kept. Whoever comes next begins where the stream ends.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "envelope.hpp"
#include "slickq/consumer.hpp"
#include "slickq/queue.hpp"

namespace slickq::bridge {

struct PackLimits {
  std::size_t bytes = 64 * 1024;         ///< a packet is full from here on
  std::size_t most_bytes = 1024 * 1024;  ///< no body is longer: what the server takes
  std::chrono::nanoseconds linger = std::chrono::milliseconds(1);
};

struct Packet {
  Kind kind = Kind::data;  ///< epoch: the queue was reset, and goes on at 0
  std::uint64_t from = 0;
  std::uint64_t first = 0;
  std::uint64_t next = 0;
  std::uint64_t items = 0;
  std::uint32_t elements = 1;
  std::uint64_t lost = 0;
  const char* reason = "";
  std::span<const std::byte> body{};  ///< until the next call
};

class Packer {
 public:
  /// `start`: the first index to be accounted for. The queue outlives the packer.
  Packer(const Queue& queue, std::uint64_t start, const PackLimits& limits);

  /// The next packet; nothing when nothing is there. `flush`: do not linger.
  std::optional<Packet> next(bool flush);
  /// Waits for something to pack. False: nothing came.
  bool wait(std::chrono::milliseconds patience);
  /// Everything below is packed.
  std::uint64_t position() const noexcept { return next_; }

 private:
  enum class Pulled : std::uint8_t { nothing, some, full, closed };

  Pulled pull();
  Pulled on_batch(const PopResult& result, std::span<BatchItem> taken);
  Pulled on_too_small(const PopResult& result);
  void append(std::span<const BatchItem> taken);
  void carry(std::span<const BatchItem> taken);
  void take_carried();
  void note_gap(std::uint64_t to, std::uint64_t lost, const char* reason);
  bool stays_within(std::span<const BatchItem> taken) const noexcept;
  bool is_full() const noexcept;
  std::optional<Packet> take_pending();
  Packet close();

  const Queue* queue_;
  Consumer consumer_;
  PackLimits limits_;
  std::vector<std::byte> buffer_;
  std::vector<std::byte> mixed_;
  std::vector<std::uint32_t> counts_;  // of the items in the buffer
  std::vector<BatchItem> batch_;
  std::vector<BatchItem> carried_;  // copied out, and part of the packet behind the one that was closed
  std::optional<Packet> pending_;   // goes before what is carried
  std::size_t used_ = 0;            // of the buffer
  std::uint64_t from_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t next_ = 0;
  bool uniform_ = true;
};

}  // namespace slickq::bridge
