#include "dir_watch.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace slickqd {
namespace {

constexpr std::uint32_t kMask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t kLost = IN_IGNORED | IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF;
// What is read at one go; who floods the directory with names gets no more of the thread's time than this.
constexpr std::size_t kBytes = 16384;
constexpr int kReads = 8;

std::string problem(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

}  // namespace

DirWatch::DirWatch(boost::asio::io_context& io, std::string dir, Wanted wanted, std::function<void()> changed)
    : dir_(std::move(dir)), wanted_(std::move(wanted)), changed_(std::move(changed)), inotify_(io) {}

std::string DirWatch::watch() {
  struct stat facts {};
  if (stat(dir_.c_str(), &facts) != 0) {
    stop();
    return problem("stat");
  }
  const Directory now{facts.st_dev, facts.st_ino};
  if (inotify_.is_open() && now == watched_) return {};
  stop();
  return begin(now);
}

std::string DirWatch::begin(Directory directory) {
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return problem("inotify_init1");
  inotify_.assign(fd);
  if (inotify_add_watch(fd, dir_.c_str(), kMask | IN_ONLYDIR) < 0) {
    const std::string why = problem("inotify_add_watch");
    stop();
    return why;
  }
  watched_ = directory;
  wait();
  return {};
}

void DirWatch::stop() {
  boost::system::error_code ignored;
  if (inotify_.is_open()) inotify_.close(ignored);
}

void DirWatch::wait() {
  inotify_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code error) {
    if (error) return;
    const bool told = read_changes();
    if (inotify_.is_open()) wait();
    if (told) changed_();
  });
}

bool DirWatch::read_changes() {
  alignas(inotify_event) std::array<char, kBytes> events;
  bool told = false;
  for (int reads = 0; reads < kReads && inotify_.is_open(); ++reads) {
    const ssize_t got = read(inotify_.native_handle(), events.data(), events.size());
    if (got <= 0) break;  // EAGAIN: that was all
    told |= matters(events.data(), static_cast<std::size_t>(got));
  }
  return told;
}

bool DirWatch::matters(const char* events, std::size_t bytes) {
  bool told = false;
  for (std::size_t at = 0; at + sizeof(inotify_event) <= bytes;) {
    inotify_event event;
    std::memcpy(&event, events + at, sizeof event);
    const char* name = events + at + sizeof event;
    at += sizeof event + event.len;
    if ((event.mask & kLost) != 0) {
      stop();  // the next watch() finds out what the path leads to
      return true;
    }
    told = told || (event.mask & IN_Q_OVERFLOW) != 0 ||
           (event.len > 0 && wanted_(std::string_view(name, strnlen(name, event.len))));
  }
  return told;
}

}  // namespace slickqd
