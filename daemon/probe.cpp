#include "probe.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "slickq/names.hpp"

namespace slickqd {
namespace {

constexpr std::array kForNow{EWOULDBLOCK, EMFILE, ENFILE, ENOMEM, EIO};

}  // namespace

bool is_for_now(const slickq::Error& error) {
  return error.code() == slickq::Errc::busy || is_for_now(error.system_error());
}

bool is_for_now(int error_number) { return std::ranges::count(kForNow, error_number) > 0; }

std::optional<std::string> problem_of_dir(const std::string& dir) {
  const int fd = open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    const slickq::Error error = slickq::system_failure(dir, "cannot read the directory", errno);
    return is_for_now(error) ? std::nullopt : std::optional<std::string>(error.what());
  }
  close(fd);
  return std::string();
}

std::vector<std::string> names_in(const std::string& dir, const std::function<bool(const std::string&)>& is_wanted) {
  struct Close {
    void operator()(DIR* stream) const { closedir(stream); }
  };
  const std::unique_ptr<DIR, Close> stream(opendir(dir.c_str()));
  if (!stream) throw slickq::system_failure(dir, "cannot read the directory", errno);
  std::vector<std::string> names;
  while (const dirent* entry = readdir(stream.get())) {
    std::string name = entry->d_name;
    const bool ordinary = name != "." && name != ".." && !name.starts_with(slickq::kPrivatePrefix);
    if (ordinary && is_wanted(name)) names.push_back(std::move(name));
  }
  return names;
}

std::optional<CursorSight> look_at_cursor(const std::string& path) {
  struct stat facts {};
  // lstat first: opening a FIFO or a device has effects of its own.
  if (lstat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
  const int fd = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const slickq::Error error = slickq::system_failure(path, "cannot look at the cursor now", errno);
    if (is_for_now(error)) throw error;
    return std::nullopt;
  }
  CursorSight sight;
  const bool good = fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size == sizeof sight.value &&
                    pread(fd, &sight.value, sizeof sight.value, 0) == sizeof sight.value;
  close(fd);
  sight.inode = facts.st_ino;
  sight.links = facts.st_nlink;
  return good ? std::optional(sight) : std::nullopt;
}

std::optional<ShmSpace> shm_space(const std::string& dir) {
  struct statvfs facts {};
  if (statvfs(dir.c_str(), &facts) != 0 || facts.f_blocks == 0) return std::nullopt;
  return ShmSpace{std::uint64_t{facts.f_blocks} * facts.f_frsize, std::uint64_t{facts.f_bavail} * facts.f_frsize};
}

}  // namespace slickqd
