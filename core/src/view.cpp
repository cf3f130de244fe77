#include "slickq/view.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "linux/fd.hpp"
#include "linux/lease.hpp"
#include "regular_file.hpp"
#include "slickq/error.hpp"
#include "slickq/names.hpp"

namespace slickq {
namespace {

Fd open_regular(const std::string& name, const std::string& path, bool live, struct stat& facts) {
  // lstat first: opening a FIFO or a device has effects of its own. The fstat behind it makes it race-proof.
  if (lstat(path.c_str(), &facts) == 0) require_regular(facts, name);
  Fd fd = open_probe(path);
  if (!fd) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) {
      throw Error(Errc::not_found, name, live ? "no such segment: " + path : std::string("no such file"),
                  live ? "see what there is: slickq list" : "", error);
    }
    if (error == ELOOP) throw Error(Errc::corrupt, name, "not a segment: a symbolic link (never followed)", {}, error);
    throw system_failure(name, "cannot open for reading", error);
  }
  if (fstat(fd.get(), &facts) != 0) throw system_failure(name, "cannot stat", errno);
  require_regular(facts, name);
  return fd;
}

[[noreturn]] void refuse(const std::string& name, bool live, const Recognition& found, const FileFacts& facts) {
  std::string remedy;
  if (live) remedy = found.verdict == Verdict::cursor ? "show it: slickq cursor show " + name : "see: slickq list -a";
  throw Error(Errc::corrupt, name, explain(found, facts), std::move(remedy));
}

}  // namespace

View::View(int fd, std::string name, std::string path, bool live, const Recognition& found)
    : fd_(fd),
      live_(live),
      has_annex_(found.has_annex),
      init_state_(found.init_state),
      name_(std::move(name)),
      path_(std::move(path)),
      geometry_(*found.geometry) {}

View View::open(std::string name, std::string path, bool live) {
  struct stat stat {};
  Fd fd = open_regular(name, path, live, stat);
  const FileFacts facts = facts_of(stat);
  const auto found = recognise_file(fd.get(), facts.bytes);
  if (!found) throw system_failure(name, "cannot read the header", errno);
  if (found->verdict != Verdict::queue) refuse(name, live, *found, facts);
  return View(fd.release(), std::move(name), std::move(path), live, *found);
}

View View::open_segment(std::string_view name, std::string_view shm_dir) {
  return open(segment_name(name), segment_path(shm_dir, name), true);
}

View View::open_file(const std::string& path) {
  if (path.empty()) throw Error(Errc::invalid_argument, "file", "an empty path");
  // A person's path, not a name in a directory that others write: links are followed.
  std::error_code unresolved;
  const auto real = std::filesystem::canonical(path, unresolved);
  return open(path, unresolved ? path : real.string(), false);
}

View::View(View&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      live_(other.live_),
      has_annex_(other.has_annex_),
      init_state_(other.init_state_),
      name_(std::move(other.name_)),
      path_(std::move(other.path_)),
      geometry_(other.geometry_) {}

View& View::operator=(View&& other) noexcept {
  if (this == &other) return *this;
  if (fd_ >= 0) close(fd_);
  fd_ = std::exchange(other.fd_, -1);
  live_ = other.live_;
  has_annex_ = other.has_annex_;
  init_state_ = other.init_state_;
  name_ = std::move(other.name_);
  path_ = std::move(other.path_);
  geometry_ = other.geometry_;
  return *this;
}

View::~View() {
  if (fd_ >= 0) close(fd_);
}

void View::read_at(void* to, std::size_t bytes, std::uint64_t offset) const {
  const ssize_t got = read_fully(fd_, to, bytes, offset);
  if (got < 0) throw system_failure(name_, "cannot read", errno);
  if (static_cast<std::size_t>(got) == bytes) return;
  throw Error(Errc::corrupt, name_,
              "truncated while reading: need " + std::to_string(bytes) + " bytes at offset " + std::to_string(offset) +
                  ", only " + std::to_string(got) + " are there");
}

HeaderBytes View::header() const {
  HeaderBytes bytes{};
  read_at(bytes.data(), bytes.size(), 0);
  return bytes;
}

Recognition View::recognise_again() const {
  auto found = recognise_file(fd_, facts().bytes);
  if (!found) throw system_failure(name_, "cannot read the header", errno);
  return *std::move(found);
}

void View::read_slots(std::uint32_t first, std::span<Slot> out) const {
  read_at(out.data(), out.size_bytes(), kHeaderBytes + sizeof(Slot) * std::uint64_t{first});
}

void View::read_elements(std::uint64_t index, std::uint32_t count, std::span<std::byte> out) const {
  const std::uint64_t size = geometry_.element_size();
  const std::uint64_t position = index & geometry_.mask();
  if (count > geometry_.capacity() - position || out.size() < count * size) {
    throw Error(Errc::invalid_argument, name_,
                "cannot read " + std::to_string(count) + " elements at " + std::to_string(index) +
                    ": past the end of the ring, or a buffer that is too small");
  }
  read_at(out.data(), count * size, geometry_.data_offset() + position * size);
}

Annex View::annex() const {
  Annex bytes{};
  if (has_annex_) read_at(&bytes, sizeof bytes, annex_offset(geometry_));
  return bytes;
}

std::uint64_t View::reserved_index() const { return slickq::reserved_index(header(), geometry_.layout()); }

FileFacts View::facts() const {
  struct stat stat {};
  if (fstat(fd_, &stat) != 0) throw system_failure(name_, "cannot stat", errno);
  return facts_of(stat);
}

bool View::is_detached() const noexcept {
  struct stat mine {};
  struct stat named {};
  if (fstat(fd_, &mine) != 0 || lstat(path_.c_str(), &named) != 0) return true;
  return mine.st_ino != named.st_ino || mine.st_dev != named.st_dev;
}

void View::require_whole() const { slickq::require_whole(name_, geometry_, facts().bytes); }

void require_whole(const std::string& name, const Geometry& geometry, std::uint64_t bytes) {
  if (bytes >= geometry.segment_bytes()) return;
  throw Error(Errc::corrupt, name,
              "was truncated meanwhile: " + std::to_string(bytes) + " of " + std::to_string(geometry.segment_bytes()) +
                  " bytes are left",
              "create it anew");
}

}  // namespace slickq
