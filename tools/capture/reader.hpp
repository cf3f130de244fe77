// Reading a capture: ours, or any pcapng file, in either byte order.
//
// Thread safety: one thread.
// Hostile input: every length is checked against the block it stands in before it is believed; memory grows with what
// was really read. Blocks and options we do not know are passed over, as the format wants it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pcapng.hpp"

namespace slickq::cli::pcapng {

struct Packet {
  std::uint32_t interface = 0;  ///< index into Reader::interfaces()
  std::chrono::nanoseconds when{};
  std::uint64_t dropped = 0;  ///< lost since the packet before, as the file says
  std::optional<std::uint64_t> id;
  std::vector<std::byte> payload;
};

class Reader {
 public:
  /// A file, or standard input for "-". Throws Error: not_found, permission; corrupt when it is no pcapng file, with
  /// what it is and how to convert it.
  explicit Reader(const std::string& path);
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader();

  /// Blocks up to the next packet, which must go back into `packet`'s memory. False at the end of the file, and at an
  /// interrupt. Throws Error(corrupt) for what cannot be a block.
  bool next(Packet& packet);
  /// Known so far: descriptions come before the packets that need them. Those of a further section are added.
  const std::vector<Interface>& interfaces() const noexcept { return interfaces_; }
  /// Of the statistics at the end: what was lost behind an interface's last packet is in no packet.
  std::uint64_t dropped_by_statistics(std::uint32_t interface) const { return statistics_.at(interface); }
  /// Packets in blocks of the two kinds that have no interface or no time, and such that were captured only in part.
  std::uint64_t passed_over() const noexcept { return passed_over_; }
  std::uint64_t shortened() const noexcept { return shortened_; }
  /// Did the file end in the middle of a block?
  bool is_cut_off() const noexcept { return cut_off_; }
  /// From the beginning. Throws Error(invalid_argument) for a pipe.
  void rewind();

 private:
  struct Clock {
    std::uint64_t per_second = 1'000'000;  // the format's default: microseconds
    std::int64_t offset_seconds = 0;
  };
  struct Block {
    std::uint32_t type = 0;
    std::span<const std::byte> body;
  };

  std::optional<Block> next_block();
  bool read_more(std::size_t bytes);
  void begin_section(std::span<const std::byte> body);
  void add_interface(std::span<const std::byte> body);
  void take_packet(std::span<const std::byte> body, Packet& packet);
  void take_statistics(std::span<const std::byte> body);
  std::uint32_t interface_at(std::span<const std::byte> body) const;
  std::chrono::nanoseconds time_at(std::span<const std::byte> body, std::size_t at, const Clock& clock) const;
  template <class Visit>
  void options(std::span<const std::byte> block, std::size_t at, Visit visit) const;
  template <class Number>
  Number number(std::span<const std::byte> bytes, std::size_t at) const;
  [[noreturn]] void corrupt(const std::string& what) const;

  std::string name_;
  int fd_;
  bool owned_;
  bool swapped_ = false;  // written by a machine of the other byte order
  bool cut_off_ = false;
  bool ended_ = false;
  std::vector<Interface> interfaces_;
  std::vector<Clock> clocks_;
  std::vector<std::uint64_t> statistics_;
  std::uint64_t passed_over_ = 0;
  std::uint64_t shortened_ = 0;
  std::uint32_t section_begins_ = 0;  // its first interface
  std::uint64_t offset_ = 0;          // in the file, of taken_
  std::size_t taken_ = 0;             // bytes of buffer_ that were handed out
  std::vector<std::byte> buffer_;
};

}  // namespace slickq::cli::pcapng
