// A pair of Unix sockets that keep messages apart (SOCK_SEQPACKET), with the largest buffer an ordinary user may have;
// message by message, and several a call.
#include <sys/socket.h>

#include "../item.hpp"
#include "descriptors.hpp"
#include "peers.hpp"

namespace slickq::peers {
namespace {

class Pair {
 public:
  Pair() {
    // NOLINTNEXTLINE: the descriptors are Descriptors's from here on
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair_.fds.data()) != 0) {
      throw Absent(std::strerror(errno));
    }
    const int wished = 64 << 20;  // the kernel gives what its limit allows
    setsockopt(pair_.fds[0], SOL_SOCKET, SO_SNDBUF, &wished, sizeof wished);
    socklen_t length = sizeof buffer_bytes_;
    getsockopt(pair_.fds[0], SOL_SOCKET, SO_SNDBUF, &buffer_bytes_, &length);
    capacity_ = count_room();
  }
  std::uint64_t capacity() const { return capacity_; }
  std::string remark() const { return fmt::format("a socket buffer of {} bytes", buffer_bytes_); }

 protected:
  int writing() const noexcept { return pair_.fds[0]; }
  int reading() const noexcept { return pair_.fds[1]; }

 private:
  // A small message costs the buffer much more than its bytes: how many fit is found by trying.
  std::uint64_t count_room() const {
    const std::array<std::byte, 64> message{};
    std::uint64_t count = 0;
    while (count_or_none(send(writing(), message.data(), message.size(), 0), "send") != 0) ++count;
    std::array<std::byte, 64> taken;
    for (std::uint64_t k = 0; k < count; ++k) count_or_none(recv(reading(), taken.data(), taken.size(), 0), "recv");
    return count;
  }

  Descriptors pair_;
  int buffer_bytes_ = 0;
  std::uint64_t capacity_ = 0;
};

void require_whole(std::size_t bytes, std::size_t expected) {
  if (bytes != expected) throw bench::CheckFailed(fmt::format("a message had {} bytes", bytes));
}

class Single : public Pair {
 public:
  explicit Single(const Plan& plan) : buffer_(plan.elem) {}
  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t) {
    return count_or_none(send(writing(), messages.data(), buffer_.size(), 0), "send") != 0 ? 1 : 0;
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    const std::size_t bytes = count_or_none(recv(reading(), buffer_.data(), buffer_.size(), 0), "recv");
    if (bytes == 0) return false;
    require_whole(bytes, buffer_.size());
    on_message(buffer_);
    return true;
  }

 private:
  std::vector<std::byte> buffer_;
};

class Several : public Pair {
 public:
  explicit Several(const Plan& plan)
      : bytes_(plan.elem), buffer_(plan.batch * plan.elem), parts_(plan.batch), headers_(plan.batch) {
    for (std::size_t k = 0; k < parts_.size(); ++k) {
      parts_[k].iov_len = bytes_;
      headers_[k].msg_hdr.msg_iov = &parts_[k];
      headers_[k].msg_hdr.msg_iovlen = 1;
    }
  }
  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t count) {
    point_to(const_cast<std::byte*>(messages.data()));  // sendmmsg() only reads them
    return static_cast<std::uint32_t>(count_or_none(sendmmsg(writing(), headers_.data(), count, 0), "sendmmsg"));
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    point_to(buffer_.data());
    const auto room = static_cast<unsigned>(headers_.size());
    const std::size_t count = count_or_none(recvmmsg(reading(), headers_.data(), room, 0, nullptr), "recvmmsg");
    for (std::size_t k = 0; k < count; ++k) {
      require_whole(headers_[k].msg_len, bytes_);
      on_message(std::span<const std::byte>(buffer_).subspan(k * bytes_, bytes_));
    }
    return count != 0;
  }

 private:
  void point_to(std::byte* first) noexcept {
    for (std::size_t k = 0; k < parts_.size(); ++k) parts_[k].iov_base = first + k * bytes_;
  }

  std::size_t bytes_;
  std::vector<std::byte> buffer_;
  std::vector<iovec> parts_;
  std::vector<mmsghdr> headers_;
};

}  // namespace

std::unique_ptr<Link> make_unix_socket(const Plan& plan) { return link_of<Single>(plan); }
std::unique_ptr<Link> make_unix_socket_mmsg(const Plan& plan) { return link_of<Several>(plan); }

}  // namespace slickq::peers
