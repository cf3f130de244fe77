#include "slickq/removal.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "linux/lease.hpp"
#include "linux/proc_pass.hpp"
#include "linux/quarantine.hpp"
#include "slickq/error.hpp"
#include "slickq/lease_patience.hpp"
#include "slickq/names.hpp"
#include "slickq/recognise.hpp"

namespace slickq {
namespace {

constexpr int kAttempts = 25;
// Long enough for an open() that had already found the name to get its file.
constexpr auto kBetweenLooks = std::chrono::milliseconds(2);

void require_segment(int fd, std::uint64_t bytes, const std::string& name) {
  const auto found = recognise_file(fd, bytes);
  if (!found) throw system_failure(name, "cannot read the header", errno);
  if (found->verdict != Verdict::foreign) return;
  throw Error(Errc::corrupt, name, "not a slickq segment: " + found->problem, "only force removes it");
}

// CAP_FOWNER, which root has, and slickqd by its unit.
bool may_act_as_owner() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
  return syscall(SYS_capget, &header, sets) == 0 && (sets[CAP_FOWNER / 32].effective & 1u << CAP_FOWNER % 32) != 0;
}

// Said before anything is asked or touched. What decides in the end is the kernel at the rename.
void require_right_to_remove(const std::string& dir, const struct stat& file, const std::string& name) {
  if (faccessat(AT_FDCWD, dir.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    throw system_failure(name, "cannot remove from " + dir, errno, "run as its owner or as root");
  }
  struct stat facts {};
  if (stat(dir.c_str(), &facts) != 0) throw system_failure(name, "cannot stat " + dir, errno);
  const uid_t self = geteuid();
  if ((facts.st_mode & S_ISVTX) == 0 || self == file.st_uid || self == facts.st_uid || may_act_as_owner()) return;
  throw Error(Errc::permission, name,
              "it belongs to user " + std::to_string(file.st_uid) + ", and in " + dir +
                  " only the owner may remove a file (sticky directory)",
              "run as its owner or as root", EPERM);
}

Holders guess(Proof proof) { return {.held = true, .proof = proof, .processes = {}, .by_caller = false}; }

class Remover {
 public:
  Remover(std::string_view name, const RemoveOptions& options)
      : options_(options),
        name_(segment_name(name)),
        dir_(options.shm_dir.empty() ? default_shm_dir() : options.shm_dir),
        path_(dir_ + "/" + name_) {}

  Removal run();

 private:
  enum class Step : std::uint8_t { removed, again, in_use, unprovable };

  Step attempt();
  Step remove_unused(int fd, FileId file);
  Step remove_by_force(FileId file);
  std::optional<Step> take_name_away(int fd, FileId file);
  Step give_name_back();
  struct stat facts_of_name() const;

  RemoveOptions options_;
  std::string name_;
  std::string dir_;
  std::string path_;
  std::string place_;       // where the file is while it is looked at for the second time
  bool was_moved_ = false;  // by us, at least once
  Removal result_;
};

Removal Remover::run() {
  Holders seen;
  int times_seen = 0;
  for (int tried = 0; tried < kAttempts; ++tried) {
    if (tried > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    try {
      const Step step = attempt();
      if (step == Step::removed) return result_;
      if (step == Step::again) continue;
      if (step == Step::unprovable) {
        result_.holders = guess(Proof::none);
        return result_;
      }
      seen = find_holders(path_);
    } catch (const Error& error) {
      // By an adopter, who took our quarantine for a dead remover's.
      if (error.code() != Errc::not_found || !was_moved_) throw;
      result_.removed = true;
      return result_;
    }
    // Twice, because somebody who only looks (list, ps, another remover) is there for an instant.
    if ((seen.held || seen.by_caller) && ++times_seen == 2) break;
  }
  // Somebody was there at every attempt, and gone whenever we asked who.
  if (!seen.held && !seen.by_caller) seen = guess(Proof::flock);
  result_.holders = std::move(seen);
  return result_;
}

struct stat Remover::facts_of_name() const {
  const struct stat facts = regular_file(path_, name_);
  if (options_.inode != 0 && facts.st_ino != options_.inode) {
    throw Error(Errc::not_found, name_,
                "the segment with inode " + std::to_string(options_.inode) + " is gone, the name leads to inode " +
                    std::to_string(facts.st_ino) + " now");
  }
  return facts;
}

Remover::Step Remover::attempt() {
  const struct stat facts = facts_of_name();
  require_right_to_remove(dir_, facts, name_);
  const FileId file = file_id(facts);
  const std::string quarantine = quarantine_name(file.inode, name_);
  place_ = quarantine.size() <= kMaxNameBytes ? dir_ + "/" + quarantine : path_;
  if (options_.force) return remove_by_force(file);
  const Fd fd = open_probe(path_);
  if (!fd) {
    if (errno == ENOENT || errno == ELOOP) return Step::again;
    if (errno == EWOULDBLOCK) return Step::in_use;
    throw system_failure(name_, "cannot open to see whether it is in use", errno,
                         errno == EACCES ? "run as its owner or as root" : "");
  }
  struct stat opened {};
  if (fstat(fd.get(), &opened) != 0) throw system_failure(name_, "cannot stat", errno);
  if (file_id(opened) != file) return Step::again;
  require_segment(fd.get(), static_cast<std::uint64_t>(opened.st_size), name_);
  switch (ask_lock(fd.get())) {
    case LockAnswer::peers: return Step::in_use;
    case LockAnswer::contended: return Step::again;
    case LockAnswer::unknown: throw system_failure(name_, "cannot lock", errno);
    case LockAnswer::free: break;
  }
  const Locked locked(fd.get());
  return remove_unused(fd.get(), file);
}

// Nobody; the name goes; whoever was in the middle of open() gets through; still nobody; the file goes.
Remover::Step Remover::remove_unused(int fd, FileId file) {
  if (const auto ended = take_name_away(fd, file)) return *ended;
  std::this_thread::sleep_for(kBetweenLooks);
  if (unlink_unused(place_, file, fd, name_) != Use::none) return give_name_back();
  result_.removed = true;
  return Step::removed;
}

// Nothing returned: go on.
std::optional<Remover::Step> Remover::take_name_away(int fd, FileId file) {
  // Everybody's open() waits while the lease lives: nobody comes in between the answer and the rename.
  const Lease lease(fd);
  const Judgement first = judge(lease.answer(), file, fd);
  if (first.use == Use::somebody) return Step::in_use;
  if (first.use == Use::unprovable) return Step::unprovable;
  if (!leads_to(path_, file)) return Step::again;
  result_.holders.proof = first.proof;
  if (options_.dry_run) {
    result_.removed = true;
    return Step::removed;
  }
  if (place_ == path_) return std::nullopt;
  const int error = move_file(path_, place_);
  if (error == ENOENT) return Step::again;
  if (error != 0) throw system_failure(name_, "cannot move it to quarantine", error);
  was_moved_ = true;
  return std::nullopt;
}

Remover::Step Remover::give_name_back() {
  if (place_ == path_) return Step::in_use;
  const int error = move_file(place_, path_);
  if (error == EEXIST) {
    throw Error(Errc::busy, name_,
                "somebody opened it while it was being removed, and its name was taken anew: it stays as " + place_,
                "it goes at the next clean-up after its last user", EEXIST);
  }
  if (error == ENOENT) return Step::again;  // somebody removed the quarantine file by hand
  if (error != 0) throw system_failure(name_, "cannot move it back from " + place_, error);
  return Step::in_use;
}

Remover::Step Remover::remove_by_force(FileId file) {
  result_.holders = find_holders(path_);
  result_.was_held = result_.holders.held || result_.holders.by_caller;
  if (!leads_to(path_, file)) return Step::again;
  if (!options_.dry_run) {
    if (place_ != path_) {
      const int error = move_file(path_, place_);
      if (error == ENOENT) return Step::again;
      if (error != 0) throw system_failure(name_, "cannot move it to quarantine", error);
      if (!leads_to(place_, file)) {  // replaced just before the move: not the one that was asked for
        give_name_back();
        return Step::again;
      }
      was_moved_ = true;
    }
    if (unlink(place_.c_str()) != 0) {
      if (errno == ENOENT) return Step::again;  // an adopter gave it its name back
      throw system_failure(name_, "cannot unlink " + place_, errno);
    }
  }
  result_.removed = true;
  return Step::removed;
}

std::optional<Adopted> restore(const std::string& path, const std::string& dir,
                               const std::optional<std::string>& name) {
  if (!name || move_file(path, dir + "/" + *name) != 0) return std::nullopt;
  return Adopted{*name, true};
}

// Whole or half-made.
bool is_queue(int fd, const struct stat& facts) {
  const auto found = recognise_file(fd, static_cast<std::uint64_t>(facts.st_size));
  return found && found->verdict != Verdict::foreign;
}

std::optional<Adopted> adopt(const std::string& dir, const std::string& entry) {
  const std::string path = dir + "/" + entry;
  struct stat facts {};
  if (lstat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
  const Fd fd = open_probe(path);
  if (!fd || fstat(fd.get(), &facts) != 0) return std::nullopt;
  const FileId file = file_id(facts);
  const auto name = original_name(entry, file.inode);
  // The number in the name is that of the file: a remover moved it there. Else its bytes have to say that it is ours.
  if (!name && !is_queue(fd.get(), facts)) return std::nullopt;
  const LockAnswer answer = ask_lock(fd.get());
  if (answer == LockAnswer::peers) return restore(path, dir, name);
  if (answer != LockAnswer::free) return std::nullopt;  // its remover lives, or another adopter is faster
  const Locked locked(fd.get());
  try {
    const Use use = unlink_unused(path, file, fd.get(), entry);
    if (use == Use::none) return Adopted{name.value_or(entry), false};
    return use == Use::somebody ? restore(path, dir, name) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;  // another user's: theirs to finish
  }
}

// What a creation left that was killed. With another name it was finished, and the private one is only in the way.
// Else it is nobody's: a creator has it open from the first moment on, and locked soon after.
std::optional<Adopted> clear_away(const std::string& dir, const std::string& entry) {
  const std::string path = dir + "/" + entry;
  struct stat facts {};
  if (lstat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
  const Adopted cleared{entry, false};
  if (facts.st_nlink > 1) return unlink(path.c_str()) == 0 ? std::optional(cleared) : std::nullopt;
  const Fd fd = open_probe(path);
  if (!fd || fstat(fd.get(), &facts) != 0) return std::nullopt;
  if (!is_queue(fd.get(), facts)) return std::nullopt;
  if (ask_lock(fd.get()) != LockAnswer::free) return std::nullopt;
  const Locked locked(fd.get());
  try {
    const bool gone = unlink_unused(path, file_id(facts), fd.get(), entry) == Use::none;
    return gone ? std::optional(cleared) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;  // another user's: theirs to finish
  }
}

}  // namespace

Removal remove_segment(std::string_view name, const RemoveOptions& options) { return Remover(name, options).run(); }

std::vector<Adopted> adopt_quarantined(std::string_view shm_dir) {
  const std::string dir = shm_dir.empty() ? default_shm_dir() : std::string(shm_dir);
  const OpenDir entries(opendir(dir.c_str()));
  if (!entries) throw system_failure(dir, "cannot look for unfinished removals", errno);
  std::vector<std::string> found;  // listed before anything is renamed under readdir()
  while (const dirent* entry = readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name.starts_with(quarantine_prefix()) || is_temporary_name(name)) found.emplace_back(name);
  }
  const LeasePatience none(0);  // what is leased has a living asker, or a user who could hold us up for ever
  std::vector<Adopted> adopted;
  for (const std::string& entry : found) {
    if (auto done = is_temporary_name(entry) ? clear_away(dir, entry) : adopt(dir, entry)) {
      adopted.push_back(std::move(*done));
    }
  }
  return adopted;
}

}  // namespace slickq
