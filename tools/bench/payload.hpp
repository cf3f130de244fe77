// What a message carries, so that its receiver can tell whether it is whole, whose it is and which one.
//
//   message = word [stamp] middle tail
//   word    = producer (16 bits) and sequence number (48 bits)
//   stamp   = the time, in nanoseconds of the steady clock, at which it was meant to be sent; only when asked for
//   middle  = one of three patterns. Which one changes from batch to batch, and no power of two is a multiple of
//             three: one lap later the same elements get another pattern.
//   tail    = up to 8 bytes that follow from the word
//
// A producer writes word and tail anew for each message and keeps the patterns ready, so that making the messages costs
// less than moving them.
//
// Thread safety: one thread an object.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace slickq::bench {

/// A check of the benchmark did not hold: the run counts for nothing.
struct CheckFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The smallest element a message fits into.
inline constexpr std::uint32_t kWordBytes = 8;
inline constexpr std::uint32_t kStampedBytes = 16;

/// How messages look; the same for everybody in a run.
struct Form {
  std::uint32_t bytes = 64;
  std::uint32_t batch = 1;  ///< so many messages in a row have the same pattern
  bool stamped = false;

  std::size_t middle_at() const noexcept { return stamped ? kStampedBytes : kWordBytes; }
  std::size_t tail_bytes() const noexcept { return bytes - middle_at() < 8 ? bytes - middle_at() : 8; }
  std::size_t middle_bytes() const noexcept { return bytes - middle_at() - tail_bytes(); }
};

class Source {
 public:
  Source(std::uint32_t producer, const Form& form);
  /// Messages `sequence` .. `sequence + count - 1` one behind the other, valid until the next call but two. `sequence`
  /// is a multiple of the form's batch.
  std::span<const std::byte> prepare(std::uint64_t sequence, std::uint32_t count = 1) noexcept;
  std::span<const std::byte> prepare_stamped(std::uint64_t sequence, std::uint64_t stamp) noexcept;

 private:
  std::byte* block_of(std::uint64_t sequence) noexcept;

  Form form_;
  std::uint32_t producer_;
  std::vector<std::byte> blocks_;  // a batch of each pattern
};

/// What a look at one message tells.
struct Note {
  std::uint64_t word = 0;
  std::uint64_t stamp = 0;
  bool intact = false;
};

/// A consumer's account: every message whole, each producer's in order, none twice, and how many did not come.
class Checker {
 public:
  Checker(std::uint32_t producers, const Form& form);

  /// Word and tail of each message, every byte of each 64th.
  Note look(std::span<const std::byte> message) const noexcept;
  /// Throws CheckFailed when messages of a producer come twice or in another order.
  void account(const Note& note);
  /// Count from here on; what was expected of each producer stays.
  void start_counting() noexcept { received_ = missing_ = torn_ = 0; }
  /// Producer number `producer` has sent `sent` messages in all: what of them has not come is missing.
  void close(std::uint32_t producer, std::uint64_t sent);

  std::uint64_t received() const noexcept { return received_; }
  std::uint64_t missing() const noexcept { return missing_; }
  std::uint64_t torn() const noexcept { return torn_; }

 private:
  Form form_;
  std::array<std::vector<std::byte>, 3> patterns_;
  std::vector<std::uint64_t> expected_;
  std::uint64_t received_ = 0;
  std::uint64_t missing_ = 0;
  std::uint64_t torn_ = 0;
};

}  // namespace slickq::bench
