// boost::lockfree::queue of fixed size: any number of producers and consumers.
#include <boost/lockfree/queue.hpp>

#include "../item.hpp"
#include "../shared_memory.hpp"
#include "peers.hpp"

namespace slickq::peers {
namespace {

// Its nodes are numbered by 16 bits when it must not allocate.
constexpr std::size_t kNodes = 65534;

template <class T>
class Ends {
 public:
  explicit Ends(const Plan&) {}
  std::uint64_t capacity() const { return kNodes; }
  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t) {
    return queue_->bounded_push(as_item(messages, spare_)) ? 1 : 0;
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    T item;
    if (!queue_->pop(item)) return false;
    on_message(bytes_of(item));
    return true;
  }

 private:
  Shared<boost::lockfree::queue<T, boost::lockfree::capacity<kNodes>>> queue_;
  T spare_;
};

}  // namespace

std::unique_ptr<Link> make_boost_queue(const Plan& plan) { return link_by_size<Ends>(plan); }

}  // namespace slickq::peers
