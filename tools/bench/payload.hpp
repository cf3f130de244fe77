// What a message carries, so that its receiver can tell whether it is whole, whose it is and which one.
//
//   message = word [stamp] middle tail
//   word    = producer (16 bits) and sequence number (48 bits)
//   stamp   = the time, in nanoseconds of the steady clock, at which it was meant to be sent; only when asked for
//   middle  = one of three patterns. Which one changes from batch to batch, and no power of two is a multiple of
//             three: one lap later the same elements get another pattern.
//   tail    = up to 8 bytes that follow from the word
//
// A producer keeps the patterns ready and writes words and tails for a batch of messages at once, one batch ahead of
// what it sends. A message that is copied while its bytes are still on their way to the cache waits for every store
// before them, those to the ring, too: what would be measured then is the making of messages.
//
// Thread safety: one thread an object.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
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
  std::uint32_t batch = 1;  ///< so many messages in a row are made at once, and have the same pattern
  bool stamped = false;

  std::size_t middle_at() const noexcept { return stamped ? kStampedBytes : kWordBytes; }
  std::size_t tail_bytes() const noexcept { return bytes - middle_at() < 8 ? bytes - middle_at() : 8; }
  std::size_t middle_bytes() const noexcept { return bytes - middle_at() - tail_bytes(); }
};

class Source {
 public:
  Source(std::uint32_t producer, const Form& form);
  /// Messages `sequence` .. `sequence + count - 1` one behind the other, valid until the next call but one. They are of
  /// one of the form's batches.
  std::span<const std::byte> prepare(std::uint64_t sequence, std::uint32_t count = 1) noexcept {
    return {at(sequence), std::size_t{count} * form_.bytes};
  }
  std::span<const std::byte> prepare_stamped(std::uint64_t sequence, std::uint64_t stamp) noexcept {
    std::byte* const message = at(sequence);
    std::memcpy(message + kWordBytes, &stamp, sizeof stamp);
    return {message, form_.bytes};
  }

 private:
  std::byte* at(std::uint64_t sequence) noexcept {
    if (sequence - first_ >= form_.batch) [[unlikely]]
      go_to(sequence / form_.batch);
    return batch_at_ + (sequence - first_) * form_.bytes;
  }
  void go_to(std::uint64_t batch) noexcept;
  std::byte* make(std::uint64_t batch) noexcept;
  std::byte* batch_of(std::uint64_t sequence) noexcept;

  Form form_;
  std::uint32_t producer_;
  std::vector<std::byte> batches_;  // one of each pattern
  std::uint64_t first_ = 0;         // the first message of the batch that is being sent
  std::byte* batch_at_;
  std::uint64_t made_ = 0;  // the last batch that was made
};

/// What a look at one message tells.
struct Note {
  std::uint64_t word = 0;
  std::uint64_t stamp = 0;
  bool intact = false;
};

namespace detail {

inline constexpr unsigned kSequenceBits = 48;
inline constexpr std::uint64_t kWhollyChecked = 64;  // each so manieth message

constexpr std::uint64_t word_of(std::uint32_t producer, std::uint64_t sequence) noexcept {
  return std::uint64_t{producer} << kSequenceBits | sequence;
}
constexpr std::uint32_t producer_of(std::uint64_t word) noexcept {
  return static_cast<std::uint32_t>(word >> kSequenceBits);
}
constexpr std::uint64_t sequence_of(std::uint64_t word) noexcept {
  return word & ((std::uint64_t{1} << kSequenceBits) - 1);
}

// Follows from every bit of the word, so that the first bytes of one message and the last of another do not fit.
constexpr std::uint64_t tail_of(std::uint64_t word) noexcept {
  const std::uint64_t mixed = (word + 1) * 0x9E3779B97F4A7C15u;
  return mixed ^ mixed >> 29;
}

}  // namespace detail

/// A consumer's account: every message whole, each producer's in order, none twice, and how many did not come.
class Checker {
 public:
  Checker(std::uint32_t producers, const Form& form);

  /// Word and tail of each message, every byte of each 64th.
  Note look(std::span<const std::byte> message) const noexcept {
    Note note;
    std::memcpy(&note.word, message.data(), sizeof note.word);
    if (form_.stamped && message.size() >= kStampedBytes) {
      std::memcpy(&note.stamp, message.data() + kWordBytes, sizeof note.stamp);
    }
    note.intact = has_its_tail(message.data(), detail::tail_of(note.word)) &&
                  (detail::sequence_of(note.word) % detail::kWhollyChecked != 0 || has_its_middle(message, note.word));
    return note;
  }
  /// Throws CheckFailed when messages of a producer come twice or in another order.
  void account(const Note& note) {
    const std::uint32_t producer = detail::producer_of(note.word);
    if (!note.intact || producer >= expected_.size()) [[unlikely]] {
      ++torn_;
      return;
    }
    const std::uint64_t sequence = detail::sequence_of(note.word);
    std::uint64_t& expected = expected_[producer];
    if (sequence < expected) [[unlikely]]
      fail_on_order(producer, sequence);
    missing_ += sequence - expected;
    expected = sequence + 1;
    ++received_;
  }
  /// Count from here on; what was expected of each producer stays.
  void start_counting() noexcept { received_ = missing_ = torn_ = 0; }
  /// Producer number `producer` has sent `sent` messages in all: what of them has not come is missing.
  void close(std::uint32_t producer, std::uint64_t sent);

  std::uint64_t received() const noexcept { return received_; }
  std::uint64_t missing() const noexcept { return missing_; }
  std::uint64_t torn() const noexcept { return torn_; }

 private:
  bool has_its_tail(const std::byte* message, std::uint64_t tail) const noexcept {
    const std::byte* const at = message + tail_at_;
    if (tail_bytes_ != sizeof tail) return std::memcmp(at, &tail, tail_bytes_) == 0;
    std::uint64_t found;  // a comparison of eight bytes is no call
    std::memcpy(&found, at, sizeof found);
    return found == tail;
  }
  bool has_its_middle(std::span<const std::byte> message, std::uint64_t word) const noexcept;
  [[noreturn]] void fail_on_order(std::uint32_t producer, std::uint64_t sequence) const;

  Form form_;
  std::size_t tail_bytes_;
  std::size_t tail_at_;
  std::array<std::vector<std::byte>, 3> patterns_;
  std::vector<std::uint64_t> expected_;
  std::uint64_t received_ = 0;
  std::uint64_t missing_ = 0;
  std::uint64_t torn_ = 0;
};

}  // namespace slickq::bench
