// Writing a capture: whole blocks only, so that a file cut off anywhere by a kill is readable to its last whole record.
//
// Thread safety: one thread.
// Contract: what was added is in the file after flush(). When a write fails the file is cut back to its last whole
// block and an Error thrown; a reader of a pipe that has gone away is OutputClosed. After an interrupt a reader that
// does not read is waited for a second, no longer. Destroyed without a flush() the file holds what was flushed before.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "pcapng.hpp"

namespace slickq::cli::pcapng {

/// Nanoseconds since 1970, UTC.
using Stamp = std::chrono::duration<std::uint64_t, std::nano>;

struct Statistics {
  Stamp start{};
  Stamp end{};
  std::uint64_t received = 0;  ///< items
  std::uint64_t dropped = 0;   ///< elements
  std::string remark;          ///< a comment, may be empty
};

class Writer {
 public:
  /// A new file at `path`, or standard output for "-". Throws Error: exists when there is one and not `overwrite`.
  Writer(const std::string& path, bool overwrite);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();

  /// Its number, from 0 on. Interfaces come before their packets.
  std::uint32_t add_interface(const Interface& interface);
  /// `id`: the item's index in its queue. `dropped`: elements lost since the packet before of this interface;
  /// `remark` a comment, may be empty.
  void add_packet(std::uint32_t interface, Stamp when, std::uint64_t id, std::span<const std::byte> payload,
                  std::uint64_t dropped, std::string_view remark);
  void add_statistics(std::uint32_t interface, const Statistics& statistics);
  void flush();

  std::uint64_t bytes() const noexcept { return written_ + pending_.size(); }

 private:
  std::size_t write_some(std::string_view bytes);
  void wait_for_reader(std::size_t unwritten);
  void begin(std::uint32_t type);
  void end();  // of the options, too
  template <class Number>
  void number(Number value);
  void text(std::uint16_t option, std::string_view text);
  template <class Number>
  void option(std::uint16_t code, Number value);
  void stamp_option(std::uint16_t code, Stamp when);
  void append(const void* bytes, std::size_t count);
  void pad();
  [[noreturn]] void fail(int error, std::size_t done);

  std::string name_;
  int fd_;
  bool to_file_;
  bool regular_;
  std::uint32_t interfaces_ = 0;
  std::uint64_t written_ = 0;  // whole blocks that are in the file
  std::size_t block_ = 0;      // where in pending_ the open block begins
  std::string pending_;
};

}  // namespace slickq::cli::pcapng
