#include "textfile.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace slickqd {
namespace {

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = ::write(fd, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

// 0, or errno. The name is made anew each time: a link that somebody put there leads nowhere.
int write_new(const std::string& path, std::string_view text) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return errno;
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0) return errno;
  int error = fchmod(fd, 0644) == 0 && write_all(fd, text) ? 0 : errno;
  if (close(fd) != 0 && error == 0) error = errno;
  return error;
}

}  // namespace

void Textfile::move_to(const std::optional<std::string>& path) {
  if (path == path_) return;
  remove();
  path_ = path;
}

std::string Textfile::write(std::string_view text) {
  if (!path_) return {};
  int error = replace(text);
  if (error == ENOSPC && written_) {
    // Room for the old one is room for the new one. Without this the old one would go for being old, and its room
    // would make the next round's succeed, and so on in turn.
    remove();
    error = replace(text);
  }
  written_ = error == 0 || written_;
  if (error == 0) return {};
  remove();
  return fmt::format("metrics.textfile {}: {}", *path_, std::strerror(error));
}

// 0, or errno.
int Textfile::replace(std::string_view text) const {
  const std::string beside = *path_ + ".tmp";
  int error = write_new(beside, text);
  if (error == 0 && std::rename(beside.c_str(), path_->c_str()) != 0) error = errno;
  if (error != 0) unlink(beside.c_str());
  return error;
}

void Textfile::remove() {
  if (written_) unlink(path_->c_str());
  written_ = false;
}

}  // namespace slickqd
