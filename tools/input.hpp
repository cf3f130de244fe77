// Lines or fixed-size records from a file descriptor, as they come.
//
// Thread safety: one thread.
// Contract: ends at end of file and at an interrupt. A line has no '\n'; the last one needs none.
#pragma once

#include <cstddef>
#include <string>

namespace slickq::cli {

class Input {
 public:
  /// Standard input, or the file at `path` when not empty. Throws Error for a file that does not open.
  explicit Input(const std::string& path);
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input();

  /// False at the end. A line longer than `limit` comes as its first limit + 1 bytes: too long, and no more
  /// memory.
  bool next_line(std::string& line, std::size_t limit);
  /// `bytes` bytes; the last record may be shorter. False at the end.
  bool next_record(std::string& record, std::size_t bytes);

 private:
  bool fill();

  int fd_;
  bool owned_;
  bool ended_ = false;
  std::string name_;
  std::string buffer_;
  std::size_t taken_ = 0;  // bytes of the buffer already handed out
};

}  // namespace slickq::cli
