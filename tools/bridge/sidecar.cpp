#include "sidecar.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "slickq/error.hpp"

namespace slickq::bridge {
namespace {

constexpr std::size_t kIdentityBytes = 96;
constexpr std::uint64_t kMagic = 0x3147444952425153;  // "SQBRIDG1"

struct PositionBytes {
  std::int64_t stream_created;
  std::uint64_t sequence;
  std::uint64_t epoch;
  std::uint64_t source_next;
  char source[kIdentityBytes];
};

// A plain word of the file. release pairs with the acquire of load(), of the next life in another process: what was
// stored before it is in the file when it is.
void store(std::uint64_t& word, std::uint64_t value) noexcept {
  std::atomic_ref<std::uint64_t>(word).store(value, std::memory_order_release);
}
std::uint64_t load(std::uint64_t& word) noexcept {
  return std::atomic_ref<std::uint64_t>(word).load(std::memory_order_acquire);
}

void put_text(char (&to)[kIdentityBytes], const std::string& text) noexcept {
  const std::size_t bytes = std::min(text.size(), kIdentityBytes - 1);
  std::memset(to, 0, kIdentityBytes);
  std::memcpy(to, text.data(), bytes);
}
std::string get_text(const char (&from)[kIdentityBytes]) { return {from, strnlen(from, kIdentityBytes)}; }

int open_file(const std::string& path) {
  // Without O_CREAT first: fs.protected_regular refuses it on another user's file.
  int fd = open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) fd = open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) throw system_failure(path, "cannot open the position of the bridge", errno);
  // In a directory where anybody may make files, the name may be taken by somebody who would tell us where to write.
  struct stat facts {};
  if (fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_uid == geteuid()) return fd;
  close(fd);
  throw Error(Errc::permission, path, "the position of the bridge is not a file of our own",
              "remove it, or run the bridge as the user who has it");
}

void lock_file(int fd, const std::string& path, const std::string& queue) {
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return;
  const int error = errno;
  close(fd);
  if (error != EWOULDBLOCK) throw system_failure(path, "cannot lock the position of the bridge", error);
  throw Error(Errc::busy, queue, "another slickq-bridge writes into this queue",
              "see who: slickq-bridge in " + queue + " --status");
}

}  // namespace

struct Sidecar::Bytes {
  std::uint64_t magic;
  char target[kIdentityBytes];
  std::uint64_t chosen;  // which of the two positions
  PositionBytes positions[2];
  std::uint64_t progress_of;  // the sequence that `progress` belongs to
  std::uint64_t progress;
  std::uint64_t open;
  std::uint64_t intent_of;  // sequence
  std::uint64_t item;
  std::uint64_t index;
  std::uint64_t count;
};

std::string sidecar_name(const std::string& queue) { return ".slickq-bridge-" + queue; }

Sidecar::Sidecar(const std::string& shm_dir, const std::string& queue, const std::string& target) {
  constexpr std::size_t kFileBytes = 4096;
  static_assert(sizeof(Bytes) <= kFileBytes);
  const std::string path = shm_dir + "/" + sidecar_name(queue);
  fd_ = open_file(path);
  lock_file(fd_, path, queue);
  // The space is allocated here: on a full file system a store into a hole would be a SIGBUS.
  const int error = posix_fallocate(fd_, 0, kFileBytes);
  void* base = error == 0 ? mmap(nullptr, kFileBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0) : MAP_FAILED;
  if (base == MAP_FAILED) {
    const int failed = error != 0 ? error : errno;
    close(fd_);
    throw system_failure(path, "cannot make the position of the bridge", failed);
  }
  bytes_ = static_cast<Bytes*>(base);
  if (load(bytes_->magic) == kMagic && get_text(bytes_->target) == target && load(bytes_->chosen) < 2) return;
  fresh_ = true;
  store(bytes_->magic, 0);
  std::memset(reinterpret_cast<char*>(bytes_) + sizeof bytes_->magic, 0, sizeof(Bytes) - sizeof bytes_->magic);
  put_text(bytes_->target, target);
  store(bytes_->magic, kMagic);
}

Sidecar::~Sidecar() {
  munmap(bytes_, 4096);
  close(fd_);
}

Position Sidecar::position() const {
  const PositionBytes& from = bytes_->positions[load(bytes_->chosen) & 1];
  return {from.stream_created, from.sequence, get_text(from.source), from.epoch, from.source_next};
}

std::uint64_t Sidecar::progress() const noexcept {
  const std::uint64_t next = bytes_->positions[load(bytes_->chosen) & 1].sequence + 1;
  return load(bytes_->progress_of) == next ? load(bytes_->progress) : 0;
}

std::optional<Intent> Sidecar::intent() const noexcept {
  const std::uint64_t next = bytes_->positions[load(bytes_->chosen) & 1].sequence + 1;
  if (load(bytes_->open) == 0 || bytes_->intent_of != next) return std::nullopt;
  const Intent found{bytes_->item, bytes_->index, static_cast<std::uint32_t>(bytes_->count)};
  if (found.item < progress()) return std::nullopt;  // delivered, and killed before that was cleared
  return found;
}

void Sidecar::move_to(const Position& position) noexcept {
  const std::uint64_t other = 1 - (load(bytes_->chosen) & 1);
  PositionBytes& to = bytes_->positions[other];
  store(bytes_->open, 0);
  to.stream_created = position.stream_created;
  to.sequence = position.sequence;
  to.epoch = position.epoch;
  to.source_next = position.source_next;
  put_text(to.source, position.source);
  // No progress belongs to the message behind the new position before that is chosen: a stream that went back may have
  // left some of the same sequence.
  if (load(bytes_->progress_of) == position.sequence + 1) store(bytes_->progress_of, 0);
  store(bytes_->chosen, other);
}

void Sidecar::intend(const Intent& intent) noexcept {
  store(bytes_->open, 0);
  // release orders each behind the one before: for the compiler, too.
  store(bytes_->intent_of, bytes_->positions[load(bytes_->chosen) & 1].sequence + 1);
  store(bytes_->item, intent.item);
  store(bytes_->index, intent.index);
  store(bytes_->count, intent.count);
  store(bytes_->open, 1);
}

void Sidecar::delivered(std::uint64_t items) noexcept {
  const std::uint64_t next = bytes_->positions[load(bytes_->chosen) & 1].sequence + 1;
  if (load(bytes_->progress_of) != next) {
    store(bytes_->progress, 0);
    store(bytes_->progress_of, next);
  }
  store(bytes_->progress, items);
  store(bytes_->open, 0);
}

void Sidecar::forget_intent() noexcept { store(bytes_->open, 0); }

}  // namespace slickq::bridge
