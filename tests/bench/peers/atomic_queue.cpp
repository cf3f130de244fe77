// atomic_queue: AtomicQueue2 (elements within the queue) and AtomicQueueB2 (elements from an allocator), both for any
// number of producers and consumers, and in the mode declared to have one of each.
#include <atomic_queue/atomic_queue.h>

#include <algorithm>

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

// push() and pop(), which wait by themselves: they are the library's fast way, as neither looks at what the other end
// writes but the element itself. A pop() that waits for what never comes would wait for ever, so the last element of
// each part says that it is the last.
template <class T, class Queue>
class Ends {
 public:
  explicit Ends(const Plan&) { std::ranges::fill(last_.bytes, std::byte{0xFF}); }
  std::uint64_t capacity() const { return queue_->capacity(); }

  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t) {
    queue_->push(as_item(messages, spare_));
    return 1;
  }
  void end_sending() { queue_->push(last_); }

  void begin_receiving() { more_to_come_ = true; }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    if (!more_to_come_) return false;
    const T item = queue_->pop();
    more_to_come_ = item.bytes[7] != std::byte{0xFF};  // of the producer's number, which is 0
    if (more_to_come_) on_message(bytes_of(item));
    return more_to_come_;
  }

 private:
  Shared<Queue> queue_;
  T spare_;
  T last_;
  bool more_to_come_ = false;
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
