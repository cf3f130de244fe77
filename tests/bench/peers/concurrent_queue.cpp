// moodycamel::ConcurrentQueue, with the tokens it is fastest with, message by message and in bulk. It allocates from
// the process's heap: between threads only.
#include <concurrentqueue/concurrentqueue.h>

#include <vector>

#include "../item.hpp"
#include "peers.hpp"

namespace slickq::peers {
namespace {

template <class T>
class Tokens {
 public:
  // One producer that never allocates once it runs: try_enqueue() fails when all blocks are in use.
  Tokens() : queue_(kCapacity, 1, 0), producer_(queue_), consumer_(queue_) {}

 protected:
  moodycamel::ConcurrentQueue<T> queue_;
  moodycamel::ProducerToken producer_;
  moodycamel::ConsumerToken consumer_;
};

template <class T>
class Single : Tokens<T> {
 public:
  explicit Single(const Plan&) {}
  std::uint64_t capacity() const { return kCapacity; }
  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t) {
    return this->queue_.try_enqueue(this->producer_, as_item(messages, spare_)) ? 1 : 0;
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    T item;
    if (!this->queue_.try_dequeue(this->consumer_, item)) return false;
    on_message(bytes_of(item));
    return true;
  }

 private:
  T spare_;
};

template <class T>
class Bulk : Tokens<T> {
 public:
  explicit Bulk(const Plan& plan) : sent_(plan.batch), taken_(plan.batch) {}
  std::uint64_t capacity() const { return kCapacity; }
  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t count) {
    const T* items = &as_item(messages, sent_.front());
    if (items == sent_.data()) std::memcpy(sent_.data(), messages.data(), count * sizeof(T));
    return this->queue_.try_enqueue_bulk(this->producer_, items, count) ? count : 0;
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    const std::size_t count = this->queue_.try_dequeue_bulk(this->consumer_, taken_.data(), taken_.size());
    for (std::size_t k = 0; k < count; ++k) on_message(bytes_of(taken_[k]));
    return count != 0;
  }

 private:
  std::vector<T> sent_;
  std::vector<T> taken_;
};

}  // namespace

std::unique_ptr<Link> make_concurrent_queue(const Plan& plan) { return link_by_size<Single>(plan); }
std::unique_ptr<Link> make_concurrent_queue_bulk(const Plan& plan) { return link_by_size<Bulk>(plan); }

}  // namespace slickq::peers
