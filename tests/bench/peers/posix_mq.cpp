// A POSIX message queue, as deep as this user may have it. It loses its name as soon as it is open.
#include <mqueue.h>
#include <sys/stat.h>

#include "../item.hpp"
#include "descriptors.hpp"
#include "peers.hpp"

namespace slickq::peers {
namespace {

class Ends {
 public:
  explicit Ends(const Plan& plan) : buffer_(plan.elem) {
    static unsigned number = 0;
    const std::string name = fmt::format("/slickq-bench-peers-{}-{}", getpid(), ++number);
    mq_unlink(name.c_str());  // of a killed process that had our number
    mq_attr attributes{};
    attributes.mq_msgsize = static_cast<long>(plan.elem);
    for (attributes.mq_maxmsg = kCapacity; attributes.mq_maxmsg > 0; attributes.mq_maxmsg /= 2) {
      queue_ =
          mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK | O_CLOEXEC, S_IRUSR | S_IWUSR, &attributes);
      if (queue_ >= 0) break;
      if (errno != EINVAL && errno != EMFILE && errno != ENOMEM) break;  // the others: not so deep
    }
    if (queue_ < 0) throw Absent(std::strerror(errno));
    mq_unlink(name.c_str());  // the workers inherit the descriptor
    depth_ = static_cast<std::uint64_t>(attributes.mq_maxmsg);
  }
  ~Ends() { mq_close(queue_); }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;

  std::uint64_t capacity() const { return depth_; }
  std::string remark() const { return "as deep as the limits of this user and system allow"; }
  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t) {
    if (mq_send(queue_, reinterpret_cast<const char*>(messages.data()), buffer_.size(), 0) == 0) return 1;
    return static_cast<std::uint32_t>(count_or_none(-1, "mq_send"));
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    char* into = reinterpret_cast<char*>(buffer_.data());
    const std::size_t bytes = count_or_none(mq_receive(queue_, into, buffer_.size(), nullptr), "mq_receive");
    if (bytes == 0) return false;
    if (bytes != buffer_.size()) throw bench::CheckFailed(fmt::format("a message had {} bytes", bytes));
    on_message(buffer_);
    return true;
  }

 private:
  mqd_t queue_ = -1;
  std::uint64_t depth_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace

std::unique_ptr<Link> make_posix_mq(const Plan& plan) { return link_of<Ends>(plan); }

}  // namespace slickq::peers
