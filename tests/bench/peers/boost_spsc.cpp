// boost::lockfree::spsc_queue of fixed size, message by message and by ranges.
#include <boost/lockfree/spsc_queue.hpp>
#include <vector>

#include "../item.hpp"
#include "../shared_memory.hpp"
#include "peers.hpp"

namespace slickq::peers {
namespace {

template <class T>
using Queue = boost::lockfree::spsc_queue<T, boost::lockfree::capacity<kCapacity>>;

// Where the queue has to begin so that its first element begins on a cache line: it is its member, at no place of its
// own choosing.
template <class T>
std::size_t aligning_offset() {
  const Shared<Queue<T>> queue;
  queue->push(T{});
  return (64 - reinterpret_cast<std::uintptr_t>(&queue->front()) % 64) % 64;
}

template <class T>
class Single {
 public:
  explicit Single(const Plan&) : queue_(aligning_offset<T>()) {}
  std::uint64_t capacity() const { return kCapacity; }
  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t) {
    return queue_->push(as_item(messages, spare_)) ? 1 : 0;
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    T item;
    if (!queue_->pop(item)) return false;
    on_message(bytes_of(item));
    return true;
  }

 private:
  Shared<Queue<T>> queue_;
  T spare_;
};

template <class T>
class Range {
 public:
  explicit Range(const Plan& plan) : queue_(aligning_offset<T>()), sent_(plan.batch), taken_(plan.batch) {}
  std::uint64_t capacity() const { return kCapacity; }
  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t count) {
    const T* items = &as_item(messages, sent_.front());
    if (items == sent_.data()) std::memcpy(sent_.data(), messages.data(), count * sizeof(T));
    return static_cast<std::uint32_t>(queue_->push(items, count));
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    const std::size_t count = queue_->pop(taken_.data(), taken_.size());
    for (std::size_t k = 0; k < count; ++k) on_message(bytes_of(taken_[k]));
    return count != 0;
  }

 private:
  Shared<Queue<T>> queue_;
  std::vector<T> sent_;
  std::vector<T> taken_;
};

}  // namespace

std::unique_ptr<Link> make_boost_spsc(const Plan& plan) { return link_by_size<Single>(plan); }
std::unique_ptr<Link> make_boost_spsc_range(const Plan& plan) { return link_by_size<Range>(plan); }

}  // namespace slickq::peers
