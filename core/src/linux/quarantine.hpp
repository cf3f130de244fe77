// What removal and adoption share: quarantine names, moving a file, and the judgement that nobody uses it.
// Internal.
//
// Thread safety: free functions, any thread; a Locked belongs to one.
// Crash: a file is at every moment under exactly one name, its own or the quarantine's, until it is unlinked.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "linux/lease.hpp"
#include "linux/own_use.hpp"
#include "slickq/error.hpp"
#include "slickq/holders.hpp"
#include "slickq/names.hpp"

namespace slickq {

/// ".slickq-gone-": what every quarantine name begins with.
inline std::string quarantine_prefix() { return std::string(kPrivatePrefix) + "gone-"; }

/// ".slickq-tmp-<pid>-<number>": of a segment that is being made where the file system has no nameless files.
inline std::string temporary_name(pid_t pid, unsigned number) {
  return std::string(kPrivatePrefix) + "tmp-" + std::to_string(pid) + "-" + std::to_string(number);
}
inline bool is_temporary_name(std::string_view name) {
  const std::string prefix = std::string(kPrivatePrefix) + "tmp-";
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  const std::size_t dash = name.find('-');
  const auto is_number = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return dash != std::string_view::npos && is_number(name.substr(0, dash)) && is_number(name.substr(dash + 1));
}

/// May be longer than kMaxNameBytes.
inline std::string quarantine_name(std::uint64_t inode, const std::string& name) {
  return quarantine_prefix() + std::to_string(inode) + "-" + name;
}

/// The segment's own name, when this quarantine name was made for this inode.
inline std::optional<std::string> original_name(std::string_view quarantine, std::uint64_t inode) {
  quarantine.remove_prefix(quarantine_prefix().size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(quarantine.data(), quarantine.data() + quarantine.size(), number);
  if (error != std::errc{} || number != inode) return std::nullopt;
  quarantine.remove_prefix(static_cast<std::size_t>(end - quarantine.data()));
  if (!quarantine.starts_with('-')) return std::nullopt;
  try {
    std::string name = segment_name(quarantine.substr(1));
    if (name != quarantine.substr(1)) return std::nullopt;
    return name;
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// Rename that never replaces anything. 0, or the errno.
inline int move_file(const std::string& from, const std::string& to) noexcept {
  return renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
}

inline bool leads_to(const std::string& path, FileId file) noexcept {
  struct stat facts {};
  return lstat(path.c_str(), &facts) == 0 && file_id(facts) == file;
}

/// The exclusive lock that ask_lock() got: as long as it lives, slickq peers wait at the door.
class Locked {
 public:
  explicit Locked(int fd) noexcept : fd_(fd) {}
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
  ~Locked() { unlock(fd_); }

 private:
  int fd_;
};

enum class Use : std::uint8_t { none, somebody, unprovable };

struct Judgement {
  Use use;
  Proof proof;
};

/// Does anybody besides `fd`, the calling process's other descriptors included, use the file? `lease`: what a
/// lease on `fd`, which the caller keeps while it acts on the answer, was answered. /proc where there is
/// none.
inline Judgement judge(LeaseAnswer lease, FileId file, int fd) {
  if (lease == LeaseAnswer::granted) return {Use::none, Proof::lease};
  if (lease == LeaseAnswer::refused) return {Use::somebody, Proof::lease};
  const HolderMap scanned = scan_holders({}, {file});
  if (!scanned.of(file).empty() || own_use(file, fd).any()) return {Use::somebody, Proof::proc};
  return scanned.complete ? Judgement{Use::none, Proof::proc} : Judgement{Use::unprovable, Proof::none};
}

/// Unlink `path` when it leads to `file` and nobody uses it. Looks up to three times: who only asks is soon
/// away. Not Use::none: nothing was done. Throws Error when the unlink itself fails.
inline Use unlink_unused(const std::string& path, FileId file, int fd, const std::string& name) {
  for (int looked = 1;; ++looked) {
    {
      const Lease lease(fd);
      const Use use = judge(lease.answer(), file, fd).use;
      if (use == Use::none) {
        if (!leads_to(path, file)) return Use::unprovable;
        if (unlink(path.c_str()) == 0) return Use::none;
        throw system_failure(name, "cannot unlink " + path, errno);
      }
      if (use == Use::unprovable || looked == 3) return use;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace slickq
