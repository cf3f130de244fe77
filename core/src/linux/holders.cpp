#include "slickq/holders.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "linux/lease.hpp"
#include "linux/own_use.hpp"
#include "linux/proc_pass.hpp"
#include "slickq/error.hpp"

namespace slickq {
namespace {

constexpr int kRounds = 3;

// What the kernel says of a file when a fresh descriptor asks.
struct Answers {
  FileId file;
  LockAnswer lock = LockAnswer::unknown;
  LeaseAnswer lease = LeaseAnswer::forbidden;
};

Answers ask_kernel(const std::string& path, bool probe_lease) {
  Answers answers;
  answers.file = file_id(regular_file(path, path));
  const Fd fd = open_probe(path);
  if (!fd) {
    if (errno == EWOULDBLOCK) {
      answers.lease = LeaseAnswer::refused;  // somebody keeps a lease on it, hence has it open
    } else if (errno != EACCES && errno != EPERM) {
      throw system_failure(path, "cannot open to see who holds it", errno);
    }
    return answers;
  }
  struct stat facts {};
  if (fstat(fd.get(), &facts) != 0) throw system_failure(path, "cannot stat", errno);
  answers.file = file_id(facts);
  answers.lock = ask_lock(fd.get());
  if (answers.lock == LockAnswer::free) unlock(fd.get());  // at once: attachers are waiting
  if (probe_lease && answers.lock != LockAnswer::peers) answers.lease = Lease(fd.get()).answer();
  return answers;
}

// The lease when this process has the file open itself: asked for on its own open file, which then does not
// count.
LeaseAnswer ask_own_lease(FileId file, const OwnUse& own) {
  if (own.descriptors.size() != 1) return LeaseAnswer::forbidden;  // each would refuse because of the other
  const Fd same_open_file(fcntl(own.descriptors.front(), F_DUPFD_CLOEXEC, 0));
  struct stat facts {};
  // The number may mean another file by now; what was duplicated stays what it is.
  if (!same_open_file || fstat(same_open_file.get(), &facts) != 0 || file_id(facts) != file) {
    return LeaseAnswer::forbidden;
  }
  return Lease(same_open_file.get()).answer();
}

Holders verdict(bool held, Proof proof, bool by_caller = false) {
  return {.held = held, .proof = proof, .processes = {}, .by_caller = by_caller};
}

// Nobody could be named. Lock or lease say it is used: by us?
std::optional<Holders> judge_own_use(const Answers& answers, bool complete, bool probe_lease) {
  const OwnUse own = own_use(answers.file);
  if (!own.any()) return std::nullopt;
  const LeaseAnswer lease = probe_lease ? ask_own_lease(answers.file, own) : LeaseAnswer::forbidden;
  if (lease == LeaseAnswer::granted) return verdict(false, Proof::lease, true);
  if (lease == LeaseAnswer::refused) return verdict(true, Proof::lease, true);
  return verdict(false, complete ? Proof::proc : Proof::flock, true);
}

// One look. Nothing: somebody was there and nobody can be named, which may be another asker; look again.
std::optional<Holders> look(const Answers& answers, const HolderMap& scanned, bool probe_lease) {
  const bool locked = answers.lock == LockAnswer::peers;
  const bool refused = answers.lease == LeaseAnswer::refused;
  const auto& named = scanned.of(answers.file);
  if (!named.empty()) {
    Holders holders = verdict(true, locked ? Proof::flock : refused ? Proof::lease : Proof::proc);
    holders.processes = named;
    return holders;
  }
  if (locked || refused) return judge_own_use(answers, scanned.complete, probe_lease);
  if (answers.lock == LockAnswer::contended) return std::nullopt;
  if (scanned.complete) return verdict(false, Proof::proc);
  if (answers.lock == LockAnswer::free) return verdict(false, Proof::flock);
  return verdict(true, Proof::none);
}

Holders find(const std::string& path, const HolderMap* scanned, bool probe_lease) {
  for (int round = 1;; ++round) {
    const Answers answers = ask_kernel(path, probe_lease);
    if (answers.lease == LeaseAnswer::granted) return verdict(false, Proof::lease);
    // Refused because of ourselves alone? Asking that is a hundred times cheaper than looking at every process.
    if (answers.lease == LeaseAnswer::refused) {
      const OwnUse own = own_use(answers.file);
      if (own.any() && ask_own_lease(answers.file, own) == LeaseAnswer::granted) {
        return verdict(false, Proof::lease, true);
      }
    }
    const auto holders = scanned != nullptr && round == 1
                             ? look(answers, *scanned, probe_lease)
                             : look(answers, scan_holders({}, {answers.file}), probe_lease);
    if (holders) return *holders;
    // In another pid namespace, or of a user we may not look at.
    if (round == kRounds) return verdict(true, answers.lease == LeaseAnswer::refused ? Proof::lease : Proof::flock);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

std::string_view to_string(Proof proof) noexcept {
  switch (proof) {
    case Proof::none: return "none";
    case Proof::flock: return "flock";
    case Proof::lease: return "lease";
    case Proof::proc: return "proc";
  }
  return "unknown";
}

std::uint32_t Holders::count() const noexcept {
  const auto named = static_cast<std::uint32_t>(processes.size());
  return held ? std::max(named, 1u) : named;
}

std::string Holders::describe() const {
  constexpr std::size_t kNamed = 5;
  std::string text;
  for (std::size_t k = 0; k < std::min(kNamed, processes.size()); ++k) {
    text += (k == 0 ? "pid " : ", pid ") + std::to_string(processes[k].pid) + " (" + processes[k].command + ")";
  }
  if (processes.size() > kNamed) text += " and " + std::to_string(processes.size() - kNamed) + " more";
  if (!text.empty()) return text;
  if (held && proof == Proof::none) return "possibly somebody (not allowed to look)";
  if (held) return "a process that cannot be named from here";
  return by_caller ? "this process itself" : "nobody";
}

const std::vector<Holder>& HolderMap::of(FileId file) const noexcept {
  static const std::vector<Holder> nobody;
  const auto found = files.find(file);
  return found == files.end() ? nobody : found->second;
}

HolderMap scan_holders(std::string_view dir, const std::vector<FileId>& only) { return ProcPass(dir, only).run(); }

HolderScan::HolderScan(std::string_view dir) : pass_(std::make_unique<ProcPass>(dir, std::vector<FileId>{})) {
  pass_->begin();
}
HolderScan::HolderScan(HolderScan&&) noexcept = default;
HolderScan& HolderScan::operator=(HolderScan&&) noexcept = default;
HolderScan::~HolderScan() = default;

bool HolderScan::step(const std::function<bool()>& is_time_up) { return pass_->step(is_time_up); }

HolderMap HolderScan::take() { return pass_->finish(); }

Holders find_holders(const std::string& path, bool probe_lease) { return find(path, nullptr, probe_lease); }

Holders find_holders(const std::string& path, const HolderMap& scanned, bool probe_lease) {
  return find(path, &scanned, probe_lease);
}

Holders holders_by_lock(const std::string& path, const HolderMap& scanned) {
  for (int round = 1;; ++round) {
    const Answers answers = ask_kernel(path, /*probe_lease=*/false);
    if (const auto holders = look(answers, scanned, /*probe_lease=*/false)) return *holders;
    // A peer that came after the pass. Or another asker, who is gone in a moment.
    if (answers.lock == LockAnswer::peers || round == kRounds) return verdict(true, Proof::flock);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

OwnUse own_use(FileId file, int except) {
  OwnUse own;
  // By the links, not by the descriptors: another thread may be closing and opening them.
  for_each_number("/proc/self/fd", [&](int fd, int dir, const char* link) {
    struct stat opened {};
    if (fd == except || fstatat(dir, link, &opened, AT_SYMLINK_NOFOLLOW) != 0) return;
    if ((opened.st_mode & (S_IRUSR | S_IWUSR)) == 0) return;  // O_PATH: a name, not an open file
    struct stat facts {};
    if (fstatat(dir, link, &facts, 0) == 0 && file_id(facts) == file) own.descriptors.push_back(fd);
  });
  for_each_line("/proc/self/maps", [&](std::string_view text) {
    const auto line = parse_maps_line(text);
    own.mapped |= line && line->file == file;
  });
  return own;
}

}  // namespace slickq
