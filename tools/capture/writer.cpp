#include "writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "../interrupt.hpp"
#include "../output.hpp"
#include "slickq/error.hpp"
#include "slickq/version.hpp"

namespace slickq::cli::pcapng {
namespace {

constexpr std::size_t kWriteAt = std::size_t{1} << 20;

// What is no file, a named pipe that Wireshark reads, has nothing to lose.
bool may_be_opened(const std::string& path) {
  struct stat facts {};
  return stat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode);
}

int open_capture(const std::string& path, bool overwrite) {
  if (path == "-") return STDOUT_FILENO;
  const int how = overwrite || may_be_opened(path) ? O_TRUNC : O_EXCL;
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | how, 0666);
  if (fd >= 0) return fd;
  if (errno == EEXIST) throw Error(Errc::exists, path, "is there already", "another name, or --force to overwrite it");
  throw system_failure(path, "open", errno);
}

bool is_regular(int fd) {
  struct stat facts {};
  return fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
}

}  // namespace

Writer::Writer(const std::string& path, bool overwrite)
    : name_(path == "-" ? "standard output" : path),
      fd_(open_capture(path, overwrite)),
      to_file_(path != "-"),
      regular_(is_regular(fd_)) {
  pending_.reserve(kWriteAt + (std::size_t{64} << 10));
  begin(kSectionHeader);
  number(kByteOrder);
  number<std::uint16_t>(1);
  number<std::uint16_t>(0);
  number<std::int64_t>(-1);  // as long as the file: what is not finished cannot say
  text(kSectionApplication, "slickq " SLICKQ_VERSION);
  end();
}

Writer::~Writer() {
  if (to_file_) close(fd_);
}

std::uint32_t Writer::add_interface(const Interface& interface) {
  begin(kInterface);
  number(kLinkTypeUser0);
  number<std::uint16_t>(0);
  number<std::uint32_t>(0);  // no limit to what is captured of an item
  text(kComment, interface.comment);
  text(kInterfaceName, interface.name);
  text(kInterfaceDescription, interface.description);
  option(kInterfaceTimeResolution, std::uint8_t{9});  // 10^-9 s
  end();
  return interfaces_++;
}

void Writer::add_packet(std::uint32_t interface, Stamp when, std::uint64_t id, std::span<const std::byte> payload,
                        std::uint64_t dropped, std::string_view remark) {
  begin(kPacket);
  number(interface);
  number(static_cast<std::uint32_t>(when.count() >> 32));
  number(static_cast<std::uint32_t>(when.count()));
  number(static_cast<std::uint32_t>(payload.size()));
  number(static_cast<std::uint32_t>(payload.size()));
  append(payload.data(), payload.size());
  pad();
  text(kComment, remark);
  if (dropped > 0) option(kPacketDropCount, dropped);
  option(kPacketId, id);
  end();
  if (pending_.size() >= kWriteAt) flush();
}

void Writer::add_statistics(std::uint32_t interface, const Statistics& statistics) {
  begin(kInterfaceStatistics);
  number(interface);
  number(static_cast<std::uint32_t>(statistics.end.count() >> 32));
  number(static_cast<std::uint32_t>(statistics.end.count()));
  text(kComment, statistics.remark);
  stamp_option(kStatisticsStart, statistics.start);
  stamp_option(kStatisticsEnd, statistics.end);
  option(kStatisticsReceived, statistics.received);
  option(kStatisticsDropped, statistics.dropped);
  end();
}

void Writer::flush() {
  if (pending_.empty() && !regular_) {
    pollfd reader{fd_, 0, 0};
    if (poll(&reader, 1, 0) > 0 && (reader.revents & POLLERR) != 0) throw OutputClosed{};
  }
  for (std::string_view rest = pending_; !rest.empty();) {
    if (!regular_) wait_for_reader(rest.size());
    rest.remove_prefix(write_some(rest));
  }
  written_ += pending_.size();
  pending_.clear();
}

// `bytes` are the last of pending_. A pipe that has room takes PIPE_BUF bytes without keeping us.
std::size_t Writer::write_some(std::string_view bytes) {
  const ssize_t done =
      ::write(fd_, bytes.data(), regular_ ? bytes.size() : std::min<std::size_t>(bytes.size(), PIPE_BUF));
  if (done >= 0) return static_cast<std::size_t>(done);
  // A Ctrl-C ends the recording, not the block that is on its way.
  if (errno != EINTR && errno != EAGAIN) fail(errno, pending_.size() - bytes.size());
  return 0;
}

void Writer::wait_for_reader(std::size_t unwritten) {
  constexpr int kSliceMs = 100;
  int patience = 10;  // slices, once somebody wants to end
  for (pollfd reader{fd_, POLLOUT, 0}; poll(&reader, 1, kSliceMs) <= 0;) {
    if (interrupted() && --patience == 0) {
      pending_.clear();
      throw Error(Errc::system, name_, fmt::format("its reader does not read: {} bytes were not written", unwritten));
    }
  }
}

// `done`: bytes of pending_ that are in the file. Of its blocks the last one may be cut off in the middle.
void Writer::fail(int error, std::size_t done) {
  if (error == EPIPE) {
    pending_.clear();
    throw OutputClosed{};
  }
  std::size_t whole = 0;
  for (std::uint32_t length = 0; whole + 2 * sizeof(length) <= done; whole += length) {
    std::memcpy(&length, pending_.data() + whole + sizeof(length), sizeof(length));
    if (whole + length > done) break;
  }
  pending_.clear();
  written_ += whole;
  const bool mended = to_file_ && regular_ && ftruncate(fd_, static_cast<off_t>(written_)) == 0;
  throw system_failure(name_, "write", error, mended ? "what was written before is whole, and readable" : "");
}

void Writer::begin(std::uint32_t type) {
  block_ = pending_.size();
  number(type);
  number<std::uint32_t>(0);
}

void Writer::end() {
  number(kEndOfOptions);
  number<std::uint16_t>(0);
  const auto length = static_cast<std::uint32_t>(pending_.size() - block_ + sizeof(std::uint32_t));
  number(length);
  std::memcpy(pending_.data() + block_ + sizeof(std::uint32_t), &length, sizeof(length));
}

template <class Number>
void Writer::number(Number value) {
  append(&value, sizeof(value));
}

template <class Number>
void Writer::option(std::uint16_t code, Number value) {
  number(code);
  number<std::uint16_t>(sizeof(value));
  append(&value, sizeof(value));
  pad();
}

// High half first, whatever the byte order: as in a packet's head.
void Writer::stamp_option(std::uint16_t code, Stamp when) {
  number(code);
  number<std::uint16_t>(8);
  number(static_cast<std::uint32_t>(when.count() >> 32));
  number(static_cast<std::uint32_t>(when.count()));
}

void Writer::text(std::uint16_t option, std::string_view text) {
  if (text.empty()) return;
  number(option);
  number(static_cast<std::uint16_t>(text.size()));
  append(text.data(), text.size());
  pad();
}

void Writer::append(const void* bytes, std::size_t count) {
  if (count > 0) pending_.append(static_cast<const char*>(bytes), count);
}

// Blocks begin at multiples of four, so the position in the buffer tells.
void Writer::pad() { pending_.append(padded(pending_.size()) - pending_.size(), '\0'); }

}  // namespace slickq::cli::pcapng
