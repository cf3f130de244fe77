// boost::interprocess::message_queue: made for processes, a mutex and two conditions in shared memory.
#include <unistd.h>

#include <boost/interprocess/ipc/message_queue.hpp>
#include <optional>
#include <vector>

#include "../item.hpp"
#include "peers.hpp"

namespace slickq::peers {
namespace {

using boost::interprocess::message_queue;

class Ends {
 public:
  explicit Ends(const Plan& plan) : bytes_(plan.elem), buffer_(plan.elem) {
    static unsigned number = 0;
    const std::string name = fmt::format("slickq-bench-peers-{}-{}", getpid(), ++number);
    message_queue::remove(name.c_str());  // of a killed process that had our number
    queue_.emplace(boost::interprocess::create_only, name.c_str(), kCapacity, plan.elem);
    message_queue::remove(name.c_str());  // the workers inherit the mapping
  }
  std::uint64_t capacity() const { return queue_->get_max_msg(); }
  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t) {
    return queue_->try_send(messages.data(), bytes_, 0) ? 1 : 0;
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    std::size_t received = 0;
    unsigned priority = 0;
    if (!queue_->try_receive(buffer_.data(), buffer_.size(), received, priority)) return false;
    if (received != bytes_) throw bench::CheckFailed(fmt::format("a message had {} bytes", received));
    on_message(buffer_);
    return true;
  }

 private:
  std::optional<message_queue> queue_;
  std::size_t bytes_;
  std::vector<std::byte> buffer_;
};

}  // namespace

std::unique_ptr<Link> make_boost_message_queue(const Plan& plan) { return link_of<Ends>(plan); }

}  // namespace slickq::peers
