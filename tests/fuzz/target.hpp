// What every fuzz target is made of. A target is a function that takes bytes of anybody's making, and must return:
// nothing escapes from it but by a crash, which is then the finding.
//
// Thread safety: one thread, as libFuzzer calls it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace slickq::fuzz {

/// The target; one in each program.
void run(std::span<const std::byte> input);

inline std::string_view text_of(std::span<const std::byte> input) noexcept {
  return {reinterpret_cast<const char*>(input.data()), input.size()};
}

/// Takes an input apart, front to back; at its end everything is zero and empty.
class Parts {
 public:
  explicit Parts(std::span<const std::byte> input) noexcept : rest_(input) {}
  std::uint8_t byte() noexcept {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_ = rest_.subspan(1);
    return value;
  }
  /// As far as the next NUL, which is taken, too.
  std::string word() {
    std::string text(text_of(rest_));
    const std::size_t end = text.find('\0');
    if (end == std::string::npos) {
      rest_ = {};
      return text;
    }
    rest_ = rest_.subspan(end + 1);
    return text.substr(0, end);
  }
  std::span<const std::byte> rest() const noexcept { return rest_; }

 private:
  std::span<const std::byte> rest_;
};

/// A promise that does not hold: ends the program as a crash does.
void require(bool true_that, const char* promise) noexcept;

}  // namespace slickq::fuzz
