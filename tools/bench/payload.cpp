#include "payload.hpp"

#include <fmt/format.h>

#include <cstring>

namespace slickq::bench {
namespace {

using detail::producer_of;
using detail::sequence_of;
using detail::tail_of;
using detail::word_of;

constexpr std::uint64_t kPatterns = 3;

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
    : form_(form), producer_(producer), batches_(kPatterns * form.batch * form.bytes) {
  for (std::uint64_t pattern = 0; pattern < kPatterns; ++pattern) {
    const std::vector<std::byte> middle = middle_of_pattern(pattern, form.middle_bytes());
    for (std::uint32_t k = 0; k < form.batch && !middle.empty(); ++k) {
      std::byte* message = batches_.data() + (pattern * form.batch + k) * form.bytes;
      std::memcpy(message + form.middle_at(), middle.data(), middle.size());
    }
  }
  batch_at_ = make(0);
  make(1);
}

void Source::go_to(std::uint64_t batch) noexcept {
  first_ = batch * form_.batch;
  batch_at_ = made_ == batch ? batch_of(first_) : make(batch);
  make(batch + 1);
}

std::byte* Source::batch_of(std::uint64_t sequence) noexcept {
  return batches_.data() + pattern_of(word_of(producer_, sequence), form_.batch) * form_.batch * form_.bytes;
}

std::byte* Source::make(std::uint64_t batch) noexcept {
  made_ = batch;
  const std::uint64_t first = batch * form_.batch;
  std::byte* const at = batch_of(first);
  for (std::uint32_t k = 0; k < form_.batch; ++k) {
    write_ends(at + std::size_t{k} * form_.bytes, form_, word_of(producer_, first + k));
  }
  return at;
}

Checker::Checker(std::uint32_t producers, const Form& form)
    : form_(form), tail_bytes_(form.tail_bytes()), tail_at_(form.bytes - form.tail_bytes()), expected_(producers, 0) {
  for (std::uint64_t pattern = 0; pattern < kPatterns; ++pattern) {
    patterns_[pattern] = middle_of_pattern(pattern, form.middle_bytes());
  }
}

bool Checker::has_its_middle(std::span<const std::byte> message, std::uint64_t word) const noexcept {
  const std::vector<std::byte>& middle = patterns_[pattern_of(word, form_.batch)];
  return middle.empty() || std::memcmp(message.data() + form_.middle_at(), middle.data(), middle.size()) == 0;
}

void Checker::fail_on_order(std::uint32_t producer, std::uint64_t sequence) const {
  throw CheckFailed(fmt::format("message {} of producer {} came when number {} was to come", sequence, producer,
                                expected_[producer]));
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
