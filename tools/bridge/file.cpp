#include "file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

namespace slickq::bridge {
namespace {

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = write(fd, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

}  // namespace

int replace_file(const std::string& path, std::string_view text) {
  const std::string beside = path + ".tmp";
  // The name is made anew each time: a link that somebody put there leads nowhere.
  if (unlink(beside.c_str()) != 0 && errno != ENOENT) return errno;
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0) return errno;
  int error = fchmod(fd, 0644) == 0 && write_all(fd, text) ? 0 : errno;
  if (close(fd) != 0 && error == 0) error = errno;
  if (error == 0 && std::rename(beside.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) unlink(beside.c_str());
  return error;
}

std::optional<std::string> read_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return std::nullopt;
  std::string text;
  std::array<char, 4096> piece;
  constexpr std::size_t kLongest = std::size_t{1} << 20;
  ssize_t got = 0;
  while (text.size() < kLongest && (got = read(fd, piece.data(), piece.size())) > 0) {
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  const int error = errno;
  close(fd);
  errno = error;
  return got < 0 ? std::nullopt : std::optional(text);
}

}  // namespace slickq::bridge
