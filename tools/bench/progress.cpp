#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <string_view>

namespace slickq::bench {
namespace {

constexpr std::size_t kWidth = 30;

void put(std::string_view text) noexcept {
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

ProgressBar::ProgressBar(const cli::Session& session)
    : visible_(!session.globals.quiet && isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (visible_) put("\r\033[K");
}

void ProgressBar::show(std::size_t done, std::size_t all, const std::string& now) {
  if (!visible_ || all == 0) return;
  const std::size_t filled = kWidth * done / all;
  put(fmt::format("\r\033[K[{:#<{}}{:.<{}}] {}/{} {}", "", filled, "", kWidth - filled, done, all, now));
}

}  // namespace slickq::bench
