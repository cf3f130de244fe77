// SoFi of iceoryx: when it is full it hands the oldest element back to the producer and goes on. Lossy; the producer
// is told of each loss, and those tellings must add up with what the consumer misses.
#include <iceoryx_hoofs/internal/concurrent/sofi.hpp>

#include "../item.hpp"
#include "../shared_memory.hpp"
#include "peers.hpp"

namespace slickq::peers {
namespace {

template <class T>
class Ends {
 public:
  explicit Ends(const Plan&) {}
  std::uint64_t capacity() const { return queue_->capacity(); }
  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t) {
    if (!queue_->push(as_item(messages, spare_), oldest_)) ++evicted_;
    return 1;
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    T item;
    if (!queue_->pop(item)) return false;
    on_message(bytes_of(item));
    return true;
  }
  std::uint64_t evicted() const { return evicted_; }

 private:
  Shared<iox::concurrent::SoFi<T, kCapacity>> queue_;
  T spare_;
  T oldest_;
  std::uint64_t evicted_ = 0;
};

}  // namespace

std::unique_ptr<Link> make_sofi(const Plan& plan) { return link_by_size<Ends>(plan); }

}  // namespace slickq::peers
