// Segments on Linux tmpfs. Facts this relies on (measured on 6.1 and 6.18): a flock belongs to the open file, and a
// mapping keeps that open file alive after close(); an O_TMPFILE file has no name until linkat() gives it one.
#include "slickq/segment.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "linux/fd.hpp"
#include "linux/quarantine.hpp"
#include "regular_file.hpp"
#include "slickq/error.hpp"
#include "slickq/names.hpp"
#include "slickq/truncation.hpp"

namespace slickq {
namespace {

using Clock = std::chrono::steady_clock;

// Until when somebody waits for locks and leases of others to go.
struct Patience {
  explicit Patience(std::chrono::milliseconds wanted) : whole(wanted), end(Clock::now() + wanted) {}
  bool is_over() const { return Clock::now() >= end; }
  std::chrono::milliseconds whole;
  Clock::time_point end;
};

std::string mebibytes(std::uint64_t bytes) {
  if (bytes < 1u << 20) return std::to_string((bytes + 1023) >> 10) + " KiB";
  return std::to_string((bytes + (1u << 20) - 1) >> 20) + " MiB";
}

[[noreturn]] void throw_no_space(const std::string& name, const std::string& dir, std::uint64_t need,
                                 std::uint64_t free_bytes, int error) {
  throw Error(
      Errc::no_space, name, "no space in " + dir + ": need " + mebibytes(need) + ", free " + mebibytes(free_bytes),
      "remove unused segments, or enlarge it: mount -o remount,size=... " + dir + "; docker run --shm-size=...", error);
}

std::uint64_t free_bytes_of(int fd) noexcept {
  struct statvfs fs {};
  return fstatvfs(fd, &fs) == 0 ? std::uint64_t{fs.f_bavail} * fs.f_frsize : ~std::uint64_t{0};
}

// Get every page now. A plain ftruncate on a full tmpfs succeeds and the first touch kills by SIGBUS.
void allocate(int fd, const std::string& name, const std::string& dir, std::uint64_t bytes) {
  const std::uint64_t free_bytes = free_bytes_of(fd);
  if (bytes > free_bytes) throw_no_space(name, dir, bytes, free_bytes, ENOSPC);
  rlimit limit{};
  // Asked first, because going over it sends SIGXFSZ, which kills.
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && bytes > limit.rlim_cur) {
    throw Error(Errc::no_space, name,
                "the file size limit (RLIMIT_FSIZE) is " + mebibytes(limit.rlim_cur) + ", need " + mebibytes(bytes),
                "raise it: ulimit -f unlimited", EFBIG);
  }
  int error;
  do {
    error = posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  } while (error == EINTR);
  if (error == ENOSPC) throw_no_space(name, dir, bytes, free_bytes_of(fd), error);
  if (error != 0) throw system_failure(name, "cannot allocate " + mebibytes(bytes), error);
}

// The open file a new segment is built in: nameless, or under a private name where the file system cannot do that.
struct Nursery {
  Fd fd;
  std::string temporary;  // empty: nameless
};

// The mode counts only where the umask decides (CreateOptions::mode_by_umask); else fchmod sets it later.
constexpr mode_t kOpenMode = 0666;

Nursery open_nursery(const std::string& name, const std::string& dir) {
  Nursery nursery{Fd(open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kOpenMode)), {}};
  if (nursery.fd) return nursery;
  if (errno != EOPNOTSUPP && errno != EISDIR) {  // EISDIR: kernels that do not know O_TMPFILE
    throw system_failure(name, "cannot create in " + dir, errno,
                         errno == ENOENT ? "does the shm directory exist? see --shm-dir and SLICKQ_SHM_DIR" : "");
  }
  static std::atomic<unsigned> counter{0};
  do {  // a name may be taken by what a killed process that had our id left
    // relaxed: only the value's uniqueness matters.
    const unsigned number = counter.fetch_add(1, std::memory_order_relaxed);
    nursery.temporary = dir + "/" + temporary_name(getpid(), number);
    nursery.fd = Fd(open(nursery.temporary.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, kOpenMode));
  } while (!nursery.fd && errno == EEXIST);
  if (!nursery.fd) throw system_failure(name, "cannot create in " + dir, errno);
  return nursery;
}

void apply_ownership(int fd, const std::string& name, const CreateOptions& options) {
  if (options.owner || options.group) {
    const uid_t owner = options.owner.value_or(static_cast<uid_t>(-1));
    const gid_t group = options.group.value_or(static_cast<gid_t>(-1));
    if (fchown(fd, owner, group) != 0) throw system_failure(name, "cannot change owner or group", errno);
  }
  if (options.mode_by_umask) return;
  // Always, so that the umask cannot narrow the mode.
  if (fchmod(fd, options.mode) != 0) throw system_failure(name, "cannot set the mode", errno);
}

// Not valid: somebody asks the kernel for its users just now (a lease), come again.
Fd open_existing(const std::string& name, const std::string& path, Access access, bool& writable) {
  struct stat facts {};
  // lstat first: opening a FIFO or a device has effects of its own. The fstat later makes it race-proof.
  if (lstat(path.c_str(), &facts) == 0) require_regular(facts, name);
  constexpr int kFlags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  writable = access != Access::read_only;
  Fd fd(open(path.c_str(), (writable ? O_RDWR : O_RDONLY) | kFlags));
  if (!fd && access == Access::prefer_write && (errno == EACCES || errno == EROFS || errno == EPERM)) {
    writable = false;
    fd = Fd(open(path.c_str(), O_RDONLY | kFlags));
  }
  if (fd || errno == EWOULDBLOCK) return fd;
  if (errno == ENOENT) throw Error(Errc::not_found, name, "no such segment: " + path, {}, ENOENT);
  if (errno == ELOOP) throw Error(Errc::corrupt, name, "not a segment: a symbolic link", {}, ELOOP);
  throw system_failure(name, writable ? "cannot open for reading and writing" : "cannot open for reading", errno);
}

// A remover holds lease and exclusive lock for some milliseconds; anything longer is said.
void wait_a_little(const std::string& name, const Patience& patience) {
  if (patience.is_over()) {
    const auto waited = patience.whole.count();
    throw Error(Errc::busy, name,
                waited == 0
                    ? "somebody holds an exclusive lock or a lease on it"
                    : "somebody has held an exclusive lock or a lease on it for " + std::to_string(waited) + " ms",
                "see who: slickq ps " + name, EWOULDBLOCK);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void lock_shared(int fd, const std::string& name, const Patience& patience) {
  while (flock(fd, LOCK_SH | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) throw system_failure(name, "cannot lock", errno);
    wait_a_little(name, patience);
  }
}

bool names_same_file(const std::string& path, const struct stat& facts) noexcept {
  struct stat named {};
  return lstat(path.c_str(), &named) == 0 && named.st_ino == facts.st_ino && named.st_dev == facts.st_dev;
}

}  // namespace

Segment::Segment(Segment&& other) noexcept { *this = std::move(other); }

Segment& Segment::operator=(Segment&& other) noexcept {
  if (this == &other) return *this;
  release();
  base_ = std::exchange(other.base_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  inode_ = other.inode_;
  device_ = other.device_;
  fd_ = std::exchange(other.fd_, -1);
  writable_ = other.writable_;
  name_ = std::move(other.name_);
  path_ = std::move(other.path_);
  temporary_ = std::exchange(other.temporary_, {});
  return *this;
}

Segment::~Segment() { release(); }

void Segment::release() noexcept {
  if (base_ != nullptr) {
    detail::forget_mapping(base_);
    munmap(base_, bytes_);
  }
  if (fd_ >= 0) close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
  base_ = nullptr;
  fd_ = -1;
  temporary_.clear();
}

void Segment::map(std::uint64_t bytes, bool writable) {
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void* at = mmap(nullptr, bytes, protection, MAP_SHARED, fd_, 0);
  if (at == MAP_FAILED) throw system_failure(name_, "cannot map " + mebibytes(bytes), errno);
  base_ = static_cast<std::byte*>(at);
  bytes_ = bytes;
  detail::watch_mapping(base_, bytes_);
  writable_ = writable;
  struct stat facts {};
  if (fstat(fd_, &facts) != 0) throw system_failure(name_, "cannot stat", errno);
  inode_ = facts.st_ino;
  device_ = facts.st_dev;
}

Segment Segment::create(std::string_view name, std::uint64_t bytes, const CreateOptions& options,
                        const Initialise& initialise) {
  // Only to fail early and cheaply; what decides is linkat().
  struct stat facts {};
  if (lstat(segment_path(options.shm_dir, name).c_str(), &facts) == 0) {
    throw Error(Errc::exists, segment_name(name), "exists already", {}, EEXIST);
  }
  Segment segment = prepare(name, bytes, options, initialise);
  segment.give_name();
  return segment;
}

Segment Segment::prepare(std::string_view name, std::uint64_t bytes, const CreateOptions& options,
                         const Initialise& initialise) {
  const std::string dir = options.shm_dir.empty() ? default_shm_dir() : options.shm_dir;
  Segment segment;
  segment.name_ = segment_name(name);
  segment.path_ = dir + "/" + segment.name_;
  Nursery nursery = open_nursery(segment.name_, dir);
  segment.fd_ = nursery.fd.release();
  segment.temporary_ = std::move(nursery.temporary);
  // Locked before the name exists: there is no moment at which a remover could take it for an orphan.
  lock_shared(segment.fd_, segment.name_, Patience(kLockPatience));
  allocate(segment.fd_, segment.name_, dir, bytes);
  segment.map(bytes, true);
  segment.advise({options.prefault, options.lock_memory, options.huge_pages});
  if (initialise) initialise(segment.base_);
  apply_ownership(segment.fd_, segment.name_, options);
  return segment;
}

void Segment::give_name() {
  const bool nameless = temporary_.empty();
  const std::string from = nameless ? "/proc/self/fd/" + std::to_string(fd_) : temporary_;
  if (linkat(AT_FDCWD, from.c_str(), AT_FDCWD, path_.c_str(), nameless ? AT_SYMLINK_FOLLOW : 0) != 0) {
    if (errno == EEXIST) throw Error(Errc::exists, name_, "exists already", {}, EEXIST);
    throw system_failure(name_, "cannot give the finished segment its name", errno);
  }
  if (nameless) return;
  unlink(temporary_.c_str());
  temporary_.clear();
}

Segment Segment::attach(std::string_view name, std::string_view shm_dir, Access access, const Check& check,
                        std::chrono::milliseconds wanted) {
  Segment segment;
  segment.name_ = segment_name(name);
  segment.path_ = segment_path(shm_dir, name);
  const Patience patience(wanted);
  for (;;) {
    bool writable = false;
    Fd fd = open_existing(segment.name_, segment.path_, access, writable);
    if (!fd) {
      wait_a_little(segment.name_, patience);
      continue;
    }
    lock_shared(fd.get(), segment.name_, patience);
    struct stat facts {};
    if (fstat(fd.get(), &facts) != 0) throw system_failure(segment.name_, "cannot stat", errno);
    require_regular(facts, segment.name_);
    // Removed, quarantined or replaced between open and lock: what we hold is not what the name means now.
    if (facts.st_nlink == 0 || !names_same_file(segment.path_, facts)) {
      if (patience.is_over()) throw Error(Errc::busy, segment.name_, "removed and made anew all the time");
      continue;
    }
    const auto bytes = static_cast<std::uint64_t>(facts.st_size);
    if (check) check(fd.get(), bytes);
    segment.fd_ = fd.release();
    segment.map(bytes, writable);
    return segment;
  }
}

// Before the pages are touched they can come as huge ones; those that are there can be put together afterwards,
// whatever the machine's setting for shared memory is.
MemoryHints Segment::advise(const MemoryHints& hints) const noexcept {
#ifndef MADV_COLLAPSE
  constexpr int MADV_COLLAPSE = 25;  // of headers older than the kernel
#endif
  const auto done = [&](bool wanted, int advice) { return wanted && madvise(base_, bytes_, advice) == 0; };
  MemoryHints reached;
  if (base_ == nullptr) return reached;
  done(hints.huge_pages, MADV_HUGEPAGE);
  reached.prefault = done(hints.prefault, writable_ ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
  reached.huge_pages = done(hints.huge_pages, MADV_COLLAPSE);
  reached.lock_memory = hints.lock_memory && mlock(base_, bytes_) == 0;
  return reached;
}

bool Segment::is_detached() const noexcept {
  struct stat named {};
  if (lstat(path_.c_str(), &named) != 0) return true;
  return named.st_ino != inode_ || named.st_dev != device_;
}

}  // namespace slickq
