// Two buffers between two processes: one is filled while the other is emptied. No queue that copies in and out can
// carry more bytes. What is copied is made and checked as every other message; there are just few, and large, ones.
#include <atomic>

#include "../item.hpp"
#include "../shared_memory.hpp"
#include "peers.hpp"

namespace slickq::peers {
namespace {

constexpr std::uint32_t kBuffers = 2;

struct alignas(128) Flag {
  std::atomic<std::uint32_t> full{0};
};
using Flags = std::array<Flag, kBuffers>;

class Ends {
 public:
  explicit Ends(const Plan& plan) : bytes_(plan.elem), buffers_(map_shared(kBuffers * bytes_)), taken_(bytes_) {}
  ~Ends() { unmap_shared(buffers_, kBuffers * bytes_); }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;

  std::uint64_t capacity() const { return kBuffers; }
  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t) {
    // acquire: pairs with the release in poll(), so that the buffer was read before it is written.
    if (flag(sent_).full.load(std::memory_order_acquire) != 0) return 0;
    std::memcpy(buffer(sent_), messages.data(), bytes_);
    flag(sent_++).full.store(1, std::memory_order_release);
    return 1;
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    // acquire: pairs with the release in try_send().
    if (flag(received_).full.load(std::memory_order_acquire) == 0) return false;
    std::memcpy(taken_.data(), buffer(received_), bytes_);
    flag(received_++).full.store(0, std::memory_order_release);
    on_message(taken_);
    return true;
  }

 private:
  Flag& flag(std::uint64_t number) const noexcept { return (*flags_)[number % kBuffers]; }
  std::byte* buffer(std::uint64_t number) const noexcept { return buffers_ + number % kBuffers * bytes_; }

  std::size_t bytes_;
  Shared<Flags> flags_;
  std::byte* buffers_;
  std::vector<std::byte> taken_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
};

}  // namespace

std::unique_ptr<Link> make_bare_copy(const Plan& plan) { return link_of<Ends>(plan); }

}  // namespace slickq::peers
