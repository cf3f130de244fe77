// A bar on standard error while something long runs; nothing when that is no terminal.
//
// Thread safety: one thread.
#pragma once

#include <string>

#include "../session.hpp"

namespace slickq::bench {

class ProgressBar {
 public:
  explicit ProgressBar(const cli::Session& session);
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  /// Wipes it away.
  ~ProgressBar();
  void show(std::size_t done, std::size_t all, const std::string& now);

 private:
  bool visible_;
};

}  // namespace slickq::bench
