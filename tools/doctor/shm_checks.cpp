// The directory that segments live in: is it there, is it memory, is there room, does what slickq relies on work?
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "../values.hpp"
#include "finding.hpp"

namespace slickq::cli {
namespace {

constexpr std::uint64_t kSmall = std::uint64_t{64} << 20;  // what container engines give by default

struct Space {
  std::uint64_t bytes = 0;
  std::uint64_t free = 0;
  std::uint64_t files = 0;
  std::uint64_t files_free = 0;
};

// Nothing for a file system without a size of its own.
double used_percent(std::uint64_t all, std::uint64_t free) {
  return all == 0 ? 0 : 100.0 * static_cast<double>(all - free) / static_cast<double>(all);
}

void judge_kind(const std::string& dir, const struct statfs& facts, Findings& findings) {
  if (static_cast<unsigned long>(facts.f_type) == TMPFS_MAGIC) {
    findings.push_back({"shm.kind", Health::ok, fmt::format("{} is a tmpfs", dir), ""});
  } else {
    findings.push_back({"shm.kind", Health::warning,
                        fmt::format("{} is no tmpfs (file system type {:#x}): pages may be written to a disk", dir,
                                    static_cast<unsigned long>(facts.f_type)),
                        "queues that must be fast belong into /dev/shm, or another tmpfs"});
  }
}

// Where the file system of `dir` is mounted, as far as device numbers tell: only that can be mounted anew.
std::string mount_point_of(const std::string& dir) {
  std::error_code error;
  std::filesystem::path path = std::filesystem::canonical(dir, error);
  struct stat here {};
  struct stat above {};
  if (error || stat(path.c_str(), &here) != 0) return dir;
  while (path.has_relative_path() && stat(path.parent_path().c_str(), &above) == 0 && above.st_dev == here.st_dev) {
    path = path.parent_path();
  }
  return path;
}

void judge_space(const std::string& dir, const Space& space, Findings& findings) {
  const double used = used_percent(space.bytes, space.free);
  const std::string evidence =
      space.bytes == 0 ? fmt::format("{} has no limit of its own", dir)
                       : fmt::format("{} of {} free in {}", human_bytes(space.free), human_bytes(space.bytes), dir);
  Finding finding{"shm.space", Health::ok, evidence, ""};
  if (used >= 80) {
    finding.health = used >= 99 ? Health::broken : Health::warning;
    finding.remedy =
        fmt::format("what is it? slickq list -a   grow it: mount -o remount,size=2G {}", mount_point_of(dir));
  } else if (space.bytes != 0 && space.bytes <= kSmall) {
    finding.health = Health::note;
    finding.remedy = "in a container: docker run --shm-size 1g";
  }
  findings.push_back(std::move(finding));
  if (used_percent(space.files, space.files_free) >= 90) {
    findings.push_back({"shm.files", Health::warning,
                        fmt::format("{} of {} files are left in {}", space.files_free, space.files, dir),
                        fmt::format("remove what nobody uses: slickq gc   or: mount -o remount,nr_inodes=1M {}",
                                    mount_point_of(dir))});
  }
}

void judge_access(const std::string& dir, Findings& findings) {
  if (access(dir.c_str(), R_OK | W_OK | X_OK) == 0) return;
  struct stat facts {};
  const bool known = stat(dir.c_str(), &facts) == 0;
  findings.push_back(
      {"shm.access", Health::warning,
       fmt::format("{} may not be written by user {}{}", dir, geteuid(),
                   known ? fmt::format(" (mode {:04o}, owner {})", facts.st_mode & 07777u, facts.st_uid) : ""),
       "queues can be looked at, not made; /dev/shm has mode 1777"});
}

class Probe {
 public:
  explicit Probe(const std::string& dir)
      : fd_(open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)), error_(errno) {}
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  ~Probe() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }
  int error() const { return error_; }

 private:
  int fd_;
  int error_;
};

// A write lease on a file that only we have open is what "nobody else has it" is proven with.
void probe_lease(const Machine& machine, const Probe& probe, Findings& findings) {
  const bool granted = fcntl(probe.fd(), F_SETLEASE, F_WRLCK) == 0;
  const int error = errno;
  if (granted) fcntl(probe.fd(), F_SETLEASE, F_UNLCK);
  const std::string enabled = machine.first_line("/proc/sys/fs/leases-enable");
  if (granted && enabled != "0") {
    findings.push_back({"shm.lease", Health::ok, "the kernel grants leases: who has a queue open can be proven", ""});
  } else {
    findings.push_back({"shm.lease", Health::warning,
                        enabled == "0" ? "fs.leases-enable is 0" : fmt::format("no lease: {}", std::strerror(error)),
                        "without leases slickq asks /proc who has a queue open: slower, and only root sees everybody; "
                        "sysctl fs.leases-enable=1"});
  }
}

void probe_files(const Machine& machine, Findings& findings) {
  const Probe probe(machine.shm_dir);
  if (probe.fd() < 0) {
    // Not being allowed to is judge_access()'s finding.
    if (probe.error() == EOPNOTSUPP || probe.error() == EISDIR || probe.error() == ENOENT) {
      findings.push_back({"shm.unnamed", Health::note,
                          fmt::format("{} knows no files without a name (O_TMPFILE)", machine.shm_dir),
                          "a creator that is killed leaves a file; slickq gc removes it"});
    }
    return;
  }
  if (flock(probe.fd(), LOCK_EX | LOCK_NB) != 0) {
    findings.push_back({"shm.lock", Health::broken, fmt::format("flock: {}", std::strerror(errno)),
                        "liveness of programs is told by locks; use a tmpfs"});
  }
  probe_lease(machine, probe, findings);
}

}  // namespace

void check_shm(const Machine& machine, Findings& findings) {
  struct statfs facts {};
  if (statfs(machine.shm_dir.c_str(), &facts) != 0) {
    findings.push_back({"shm.kind", Health::broken, fmt::format("{}: {}", machine.shm_dir, std::strerror(errno)),
                        "mount -t tmpfs -o mode=1777 tmpfs /dev/shm, or name another directory: --shm-dir"});
    return;
  }
  const auto block = static_cast<std::uint64_t>(facts.f_bsize);
  judge_kind(machine.shm_dir, facts, findings);
  judge_space(machine.shm_dir, {facts.f_blocks * block, facts.f_bavail * block, facts.f_files, facts.f_ffree},
              findings);
  judge_access(machine.shm_dir, findings);
  probe_files(machine, findings);
}

}  // namespace slickq::cli
