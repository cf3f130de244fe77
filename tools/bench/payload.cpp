#include "payload.hpp"

#include <fmt/format.h>

#include <cstring>

namespace slickq::bench {
namespace {

constexpr unsigned kSequenceBits = 48;
constexpr std::uint64_t kPatterns = 3;
constexpr std::uint64_t kWhollyChecked = 64;  // each so manieth message

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

std::uint64_t pattern_of(std::uint64_t word, std::uint32_t batch) noexcept {
  return (sequence_of(word) / batch + producer_of(word)) % kPatterns;
}

std::vector<std::byte> middle_of_pattern(std::uint64_t pattern, std::size_t bytes) {
  std::vector<std::byte> middle(bytes);
  for (std::size_t k = 0; k < bytes; ++k) middle[k] = static_cast<std::byte>(k * 7 + pattern * 85 + 1);
  return middle;
}

void write_ends(std::byte* message, const Form& form, std::uint64_t word) noexcept {
  const std::uint64_t tail = tail_of(word);
  std::memcpy(message, &word, sizeof word);
  std::memcpy(message + form.bytes - form.tail_bytes(), &tail, form.tail_bytes());
}

}  // namespace

Source::Source(std::uint32_t producer, const Form& form)
    : form_(form), producer_(producer), blocks_(kPatterns * form.batch * form.bytes) {
  for (std::uint64_t pattern = 0; pattern < kPatterns; ++pattern) {
    const std::vector<std::byte> middle = middle_of_pattern(pattern, form.middle_bytes());
    for (std::uint32_t k = 0; k < form.batch && !middle.empty(); ++k) {
      std::byte* message = blocks_.data() + (pattern * form.batch + k) * form.bytes;
      std::memcpy(message + form.middle_at(), middle.data(), middle.size());
    }
  }
}

std::byte* Source::block_of(std::uint64_t sequence) noexcept {
  return blocks_.data() + pattern_of(word_of(producer_, sequence), form_.batch) * form_.batch * form_.bytes;
}

std::span<const std::byte> Source::prepare(std::uint64_t sequence, std::uint32_t count) noexcept {
  std::byte* block = block_of(sequence);
  for (std::uint32_t k = 0; k < count; ++k) {
    write_ends(block + std::size_t{k} * form_.bytes, form_, word_of(producer_, sequence + k));
  }
  return {block, std::size_t{count} * form_.bytes};
}

std::span<const std::byte> Source::prepare_stamped(std::uint64_t sequence, std::uint64_t stamp) noexcept {
  std::byte* message = block_of(sequence);
  write_ends(message, form_, word_of(producer_, sequence));
  std::memcpy(message + kWordBytes, &stamp, sizeof stamp);
  return {message, form_.bytes};
}

Checker::Checker(std::uint32_t producers, const Form& form) : form_(form), expected_(producers, 0) {
  for (std::uint64_t pattern = 0; pattern < kPatterns; ++pattern) {
    patterns_[pattern] = middle_of_pattern(pattern, form.middle_bytes());
  }
}

Note Checker::look(std::span<const std::byte> message) const noexcept {
  Note note;
  std::memcpy(&note.word, message.data(), sizeof note.word);
  if (form_.stamped) std::memcpy(&note.stamp, message.data() + kWordBytes, sizeof note.stamp);
  const std::uint64_t tail = tail_of(note.word);
  note.intact = std::memcmp(message.data() + form_.bytes - form_.tail_bytes(), &tail, form_.tail_bytes()) == 0;
  if (note.intact && sequence_of(note.word) % kWhollyChecked == 0) {
    const std::vector<std::byte>& middle = patterns_[pattern_of(note.word, form_.batch)];
    note.intact = middle.empty() || std::memcmp(message.data() + form_.middle_at(), middle.data(), middle.size()) == 0;
  }
  return note;
}

void Checker::account(const Note& note) {
  const std::uint32_t producer = producer_of(note.word);
  if (!note.intact || producer >= expected_.size()) {
    ++torn_;
    return;
  }
  const std::uint64_t sequence = sequence_of(note.word);
  std::uint64_t& expected = expected_[producer];
  if (sequence < expected) {
    throw CheckFailed(
        fmt::format("message {} of producer {} came when number {} was to come", sequence, producer, expected));
  }
  missing_ += sequence - expected;
  expected = sequence + 1;
  ++received_;
}

void Checker::close(std::uint32_t producer, std::uint64_t sent) {
  std::uint64_t& expected = expected_[producer];
  if (sent < expected) {
    throw CheckFailed(fmt::format("producer {} sent {} messages, but number {} came", producer, sent, expected - 1));
  }
  missing_ += sent - expected;
  expected = sent;
}

}  // namespace slickq::bench
