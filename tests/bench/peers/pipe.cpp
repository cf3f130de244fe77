// A pipe, as large as anybody may make it. Several messages a call are one write.
#include <fcntl.h>

#include <climits>
#include <fstream>

#include "../item.hpp"
#include "descriptors.hpp"
#include "peers.hpp"

namespace slickq::peers {
namespace {

int largest_pipe() {
  std::ifstream file("/proc/sys/fs/pipe-max-size");
  int bytes = 0;
  return file >> bytes ? bytes : 65536;
}

class Ends {
 public:
  explicit Ends(const Plan& plan) : bytes_(plan.elem), buffer_(plan.batch * plan.elem) {
    // So that a write is done wholly or not at all.
    if (buffer_.size() > PIPE_BUF) throw Absent(fmt::format("a write has at most {} bytes", PIPE_BUF));
    // NOLINTNEXTLINE: the descriptors are Descriptors's from here on
    if (pipe2(pipe_.fds.data(), O_NONBLOCK | O_CLOEXEC) != 0) throw Absent(std::strerror(errno));
    fcntl(pipe_.fds[1], F_SETPIPE_SZ, largest_pipe());
    size_ = fcntl(pipe_.fds[1], F_GETPIPE_SZ);
  }
  std::uint64_t capacity() const { return static_cast<std::uint64_t>(size_) / bytes_; }
  std::string remark() const { return fmt::format("a pipe of {} bytes", size_); }
  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t count) {
    const std::size_t written = count_or_none(write(pipe_.fds[1], messages.data(), count * bytes_), "write");
    return static_cast<std::uint32_t>(written / bytes_);
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    const std::span<std::byte> room(buffer_);
    std::size_t had = count_or_none(read(pipe_.fds[0], room.data(), room.size()), "read");
    if (had == 0) return false;
    // A read may end within a message; the rest of it is there.
    while (had % bytes_ != 0) {
      had += count_or_none(read(pipe_.fds[0], room.data() + had, bytes_ - had % bytes_), "read");
    }
    for (std::size_t at = 0; at < had; at += bytes_) on_message(std::span<const std::byte>(room.subspan(at, bytes_)));
    return true;
  }

 private:
  Descriptors pipe_;
  std::size_t bytes_;
  std::vector<std::byte> buffer_;
  int size_ = 0;
};

}  // namespace

std::unique_ptr<Link> make_pipe(const Plan& plan) { return link_of<Ends>(plan); }

}  // namespace slickq::peers
