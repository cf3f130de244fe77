// atomic_queue: AtomicQueue2 (elements within the queue) and AtomicQueueB2 (elements from an allocator), both for any
// number of producers and consumers, and in the mode declared to have one of each.
#include <atomic_queue/atomic_queue.h>

#include "../item.hpp"
#include "../shared_memory.hpp"
#include "peers.hpp"

namespace slickq::peers {
namespace {

// The library's own defaults but for the last parameter.
template <class T, bool SPSC>
struct Fixed : atomic_queue::AtomicQueue2<T, kCapacity, true, true, false, SPSC> {};

template <class T, bool SPSC>
struct Allocated : atomic_queue::AtomicQueueB2<T, SharedAllocator<T>, true, false, SPSC> {
  Allocated() : atomic_queue::AtomicQueueB2<T, SharedAllocator<T>, true, false, SPSC>(kCapacity) {}
};

template <class T, class Queue>
class Ends {
 public:
  explicit Ends(const Plan&) {}
  std::uint64_t capacity() const { return queue_->capacity(); }
  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t) {
    return queue_->try_push(as_item(messages, spare_)) ? 1 : 0;
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    T item;
    if (!queue_->try_pop(item)) return false;
    on_message(bytes_of(item));
    return true;
  }

 private:
  Shared<Queue> queue_;
  T spare_;
};

template <class T>
using Fixed_mpmc = Ends<T, Fixed<T, false>>;
template <class T>
using Fixed_spsc = Ends<T, Fixed<T, true>>;
template <class T>
using Allocated_mpmc = Ends<T, Allocated<T, false>>;
template <class T>
using Allocated_spsc = Ends<T, Allocated<T, true>>;

}  // namespace

std::unique_ptr<Link> make_atomic_queue2(const Plan& plan) { return link_by_size<Fixed_mpmc>(plan); }
std::unique_ptr<Link> make_atomic_queue2_spsc(const Plan& plan) { return link_by_size<Fixed_spsc>(plan); }
std::unique_ptr<Link> make_atomic_queue_b2(const Plan& plan) { return link_by_size<Allocated_mpmc>(plan); }
std::unique_ptr<Link> make_atomic_queue_b2_spsc(const Plan& plan) { return link_by_size<Allocated_spsc>(plan); }

}  // namespace slickq::peers
