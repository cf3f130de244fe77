// moodycamel::ReaderWriterQueue: one producer, one consumer. It allocates from the process's heap: between threads
// only.
#include <readerwriterqueue/readerwriterqueue.h>

#include "../item.hpp"
#include "peers.hpp"

namespace slickq::peers {
namespace {

template <class T>
class Ends {
 public:
  explicit Ends(const Plan&) : queue_(kCapacity) {}
  std::uint64_t capacity() const { return queue_.max_capacity(); }
  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t) {
    return queue_.try_enqueue(as_item(messages, spare_)) ? 1 : 0;
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    T item;
    if (!queue_.try_dequeue(item)) return false;
    on_message(bytes_of(item));
    return true;
  }

 private:
  moodycamel::ReaderWriterQueue<T> queue_;
  T spare_;
};

}  // namespace

std::unique_ptr<Link> make_reader_writer_queue(const Plan& plan) { return link_by_size<Ends>(plan); }

}  // namespace slickq::peers
