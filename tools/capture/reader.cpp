#include "reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "../interrupt.hpp"
#include "slickq/error.hpp"

namespace slickq::cli::pcapng {
namespace {

constexpr std::size_t kHeadBytes = 12;      // type, length, and the first word of the body
constexpr std::size_t kSmallestBlock = 12;  // type, length, length
constexpr std::size_t kReadBytes = std::size_t{64} << 10;

template <class Number>
Number bytes_swapped(Number value) {
  auto bytes = std::bit_cast<std::array<std::byte, sizeof(Number)>>(value);
  std::ranges::reverse(bytes);
  return std::bit_cast<Number>(bytes);
}

template <class Number>
Number as_it_stands(std::span<const std::byte> bytes, std::size_t at) {
  Number value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Other things that people may hold for a capture of ours.
std::string what_else(std::uint32_t first_word) {
  const auto is = [&](std::uint32_t magic) { return first_word == magic || first_word == bytes_swapped(magic); };
  return is(0xA1B2C3D4) || is(0xA1B23C4D) ? "a libpcap file of the old kind, not pcapng" : "no pcapng file";
}

}  // namespace

Reader::Reader(const std::string& path)
    : name_(path == "-" ? "standard input" : path),
      fd_(path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC)),
      owned_(path != "-") {
  if (fd_ < 0) throw system_failure(name_, "open", errno);
  try {
    if (!read_more(kHeadBytes) || as_it_stands<std::uint32_t>(buffer_, 0) != kSectionHeader) {
      const std::string what = buffer_.size() < kHeadBytes ? "no pcapng file: it is shorter than the head of one"
                                                           : what_else(as_it_stands<std::uint32_t>(buffer_, 0));
      throw Error(Errc::corrupt, name_, "is " + what, "convert captures of other kinds: editcap -F pcapng OLD NEW");
    }
  } catch (...) {
    if (owned_) close(fd_);
    throw;
  }
}

Reader::~Reader() {
  if (owned_) close(fd_);
}

bool Reader::next(Packet& packet) {
  while (const auto block = next_block()) {
    switch (block->type) {
      case kSectionHeader: begin_section(block->body); break;
      case kInterface: add_interface(block->body); break;
      case kInterfaceStatistics: take_statistics(block->body); break;
      case kPacket: take_packet(block->body, packet); return true;
      case kObsoletePacket:
      case kSimplePacket: ++passed_over_; break;
      default: break;  // name resolutions, secrets, somebody's own
    }
  }
  return false;
}

void Reader::rewind() {
  if (lseek(fd_, 0, SEEK_SET) != 0) {
    throw Error(Errc::invalid_argument, name_, "cannot be read twice: it is no file", "save it first, then replay it");
  }
  buffer_.clear();
  interfaces_.clear();
  clocks_.clear();
  statistics_.clear();
  taken_ = section_begins_ = 0;
  offset_ = 0;
  passed_over_ = shortened_ = 0;
  ended_ = cut_off_ = swapped_ = false;
}

// The block's body lives in the buffer until the next call.
std::optional<Reader::Block> Reader::next_block() {
  const auto ends_here = [&]() -> std::optional<Block> {
    cut_off_ = !interrupted() && buffer_.size() > taken_;
    return std::nullopt;
  };
  if (!read_more(kHeadBytes)) return ends_here();
  const std::span<const std::byte> head = std::span(buffer_).subspan(taken_, kHeadBytes);
  const auto type = as_it_stands<std::uint32_t>(head, 0);
  if (type == kSectionHeader) {  // each section has a byte order of its own
    const auto order = as_it_stands<std::uint32_t>(head, 8);
    if (order != kByteOrder && order != bytes_swapped(kByteOrder)) corrupt("a section of unknown byte order");
    swapped_ = order != kByteOrder;
  }
  const auto length = number<std::uint32_t>(head, 4);
  if (length < kSmallestBlock || length % 4 != 0) corrupt(fmt::format("a block cannot have {} bytes", length));
  if (length > kLongestBlock) corrupt(fmt::format("a block of {} bytes is more than is read", length));
  if (!read_more(length)) return ends_here();
  const std::span<const std::byte> whole = std::span(buffer_).subspan(taken_, length);
  if (number<std::uint32_t>(whole, length - 4) != length) corrupt("a block's two lengths differ");
  taken_ += length;
  offset_ += length;
  return Block{type == kSectionHeader ? type : number<std::uint32_t>(whole, 0), whole.subspan(8, length - 12)};
}

// Are `bytes` there behind taken_?
bool Reader::read_more(std::size_t bytes) {
  if (buffer_.size() - taken_ >= bytes) return true;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(taken_));
  taken_ = 0;
  while (buffer_.size() < bytes && !ended_ && !interrupted()) {
    const std::size_t had = buffer_.size();
    buffer_.resize(had + kReadBytes);
    const ssize_t got = ::read(fd_, buffer_.data() + had, kReadBytes);
    const int error = errno;
    buffer_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && error != EINTR) throw system_failure(name_, "read", error);
    ended_ = got == 0;
  }
  return buffer_.size() >= bytes;
}

void Reader::begin_section(std::span<const std::byte> body) {
  if (body.size() < 16) corrupt("a section header is too short");
  if (number<std::uint16_t>(body, 4) != 1) {
    corrupt(fmt::format("version {} of the format is not known", number<std::uint16_t>(body, 4)));
  }
  section_begins_ = static_cast<std::uint32_t>(interfaces_.size());
}

void Reader::add_interface(std::span<const std::byte> body) {
  if (body.size() < 8) corrupt("an interface description is too short");
  Interface interface;
  Clock clock;
  options(body, 8, [&](std::uint16_t code, std::span<const std::byte> value) {
    if (code == kComment) interface.comment = text_of(value);
    if (code == kInterfaceName) interface.name = text_of(value);
    if (code == kInterfaceDescription) interface.description = text_of(value);
    if (code == kInterfaceTimeOffset && value.size() == 8) clock.offset_seconds = number<std::int64_t>(value, 0);
    if (code != kInterfaceTimeResolution || value.size() != 1) return;
    const auto resolution = std::to_integer<unsigned>(value[0]);
    const unsigned exponent = resolution & 0x7F;
    const bool binary = resolution >= 0x80;
    if (exponent > (binary ? 63u : 19u)) corrupt(fmt::format("a time resolution of {:#x} is not known", resolution));
    clock.per_second = binary ? std::uint64_t{1} << exponent : 1;
    for (unsigned k = 0; !binary && k < exponent; ++k) clock.per_second *= 10;
  });
  interfaces_.push_back(std::move(interface));
  clocks_.push_back(clock);
  statistics_.push_back(0);
}

void Reader::take_packet(std::span<const std::byte> body, Packet& packet) {
  if (body.size() < 20) corrupt("a packet is too short");
  packet.interface = interface_at(body);
  packet.when = time_at(body, 4, clocks_[packet.interface]);
  const auto captured = number<std::uint32_t>(body, 12);
  if (padded(captured) > body.size() - 20) corrupt("a packet is longer than its block");
  if (captured < number<std::uint32_t>(body, 16)) ++shortened_;
  const auto payload = body.subspan(20, captured);
  packet.payload.assign(payload.begin(), payload.end());
  packet.dropped = 0;
  packet.id.reset();
  options(body, 20 + padded(captured), [&](std::uint16_t code, std::span<const std::byte> value) {
    if (value.size() != 8) return;
    if (code == kPacketDropCount) packet.dropped = number<std::uint64_t>(value, 0);
    if (code == kPacketId) packet.id = number<std::uint64_t>(value, 0);
  });
}

void Reader::take_statistics(std::span<const std::byte> body) {
  if (body.size() < 12) corrupt("statistics are too short");
  const std::uint32_t interface = interface_at(body);
  options(body, 12, [&](std::uint16_t code, std::span<const std::byte> value) {
    if (code == kStatisticsDropped && value.size() == 8) statistics_[interface] = number<std::uint64_t>(value, 0);
  });
}

std::uint32_t Reader::interface_at(std::span<const std::byte> body) const {
  const std::uint64_t interface = std::uint64_t{section_begins_} + number<std::uint32_t>(body, 0);
  if (interface >= interfaces_.size()) corrupt("a packet of an interface that was not described");
  return static_cast<std::uint32_t>(interface);
}

std::chrono::nanoseconds Reader::time_at(std::span<const std::byte> body, std::size_t at, const Clock& clock) const {
  const std::uint64_t units =
      std::uint64_t{number<std::uint32_t>(body, at)} << 32 | number<std::uint32_t>(body, at + 4);
  __extension__ using Wide = __int128;
  const Wide time = Wide{units} * 1'000'000'000 / clock.per_second + Wide{clock.offset_seconds} * 1'000'000'000;
  constexpr std::chrono::nanoseconds kLatest = std::chrono::nanoseconds::max();
  if (time < 0 || time > kLatest.count()) corrupt("a time beyond the year 2262");
  return std::chrono::nanoseconds(static_cast<std::int64_t>(time));
}

template <class Visit>
void Reader::options(std::span<const std::byte> block, std::size_t at, Visit visit) const {
  while (block.size() - at >= 4) {
    const auto code = number<std::uint16_t>(block, at);
    const auto length = number<std::uint16_t>(block, at + 2);
    if (code == kEndOfOptions) return;
    if (padded(length) > block.size() - at - 4) corrupt("an option is longer than its block");
    visit(code, block.subspan(at + 4, length));
    at += 4 + padded(length);
  }
}

template <class Number>
Number Reader::number(std::span<const std::byte> bytes, std::size_t at) const {
  const auto value = as_it_stands<Number>(bytes, at);
  return swapped_ ? bytes_swapped(value) : value;
}

void Reader::corrupt(const std::string& what) const {
  throw Error(Errc::corrupt, name_, fmt::format("{}, in or before byte {}", what, offset_));
}

}  // namespace slickq::cli::pcapng
