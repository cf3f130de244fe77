// Queues that do one thing wrong, once: a benchmark that did not notice them would prove nothing about the others.
#include <atomic>
#include <cstdlib>

#include "../item.hpp"
#include "../shared_memory.hpp"
#include "peers.hpp"

namespace slickq::peers {
namespace {

constexpr std::uint64_t kSlots = 64;
// Behind the warm-up, which is two laps; within it; and the last of 300.
constexpr std::uint64_t kVictim = 2 * kSlots + 37;
constexpr std::uint64_t kEarlyVictim = 37;
constexpr std::uint64_t kLastVictim = 2 * kSlots + 299;

struct Words {
  alignas(128) std::atomic<std::uint64_t> sent{0};
  alignas(128) std::atomic<std::uint64_t> received{0};
};

enum class Fault : std::uint8_t { loses, overtells, tears, repeats, dies };

template <Fault FAULT, std::uint64_t VICTIM = kVictim>
class Ends {
 public:
  explicit Ends(const Plan& plan) : bytes_(plan.elem), slots_(map_shared(kSlots * bytes_)), taken_(bytes_) {}
  ~Ends() { unmap_shared(slots_, kSlots * bytes_); }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;

  std::uint64_t capacity() const { return kSlots; }
  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t) {
    const std::uint64_t sent = words_->sent.load(std::memory_order_relaxed);
    // acquire: pairs with the release in poll(); of the sent words in poll(), likewise, with the one below.
    if (sent - words_->received.load(std::memory_order_acquire) == kSlots) return 0;
    const bool victim = calls_++ == VICTIM;
    if (victim && FAULT == Fault::loses) return 1;
    std::byte* slot = slots_ + sent % kSlots * bytes_;
    std::memcpy(slot, messages.data(), bytes_);
    if (victim && FAULT == Fault::tears) slot[bytes_ - 1] ^= std::byte{1};
    words_->sent.store(sent + 1, std::memory_order_release);
    return 1;
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    const std::uint64_t received = words_->received.load(std::memory_order_relaxed);
    if (words_->sent.load(std::memory_order_acquire) == received) return false;
    std::memcpy(taken_.data(), slots_ + received % kSlots * bytes_, bytes_);
    words_->received.store(received + 1, std::memory_order_release);
    on_message(taken_);
    if (received == VICTIM && FAULT == Fault::repeats) on_message(taken_);
    if (received == VICTIM && FAULT == Fault::dies) std::abort();
    return true;
  }
  // One that tells of a loss there was none of. The measured part asks again: from then on it is one more.
  std::uint64_t evicted() const requires(FAULT == Fault::overtells) { return calls_ > VICTIM ? 1 : 0; }

 private:
  std::size_t bytes_;
  Shared<Words> words_;
  std::byte* slots_;
  std::vector<std::byte> taken_;
  std::uint64_t calls_ = 0;
};

}  // namespace

std::unique_ptr<Link> make_losing(const Plan& plan) { return link_of<Ends<Fault::loses>>(plan); }
std::unique_ptr<Link> make_losing_early(const Plan& plan) { return link_of<Ends<Fault::loses, kEarlyVictim>>(plan); }
std::unique_ptr<Link> make_losing_last(const Plan& plan) { return link_of<Ends<Fault::loses, kLastVictim>>(plan); }
std::unique_ptr<Link> make_overtelling(const Plan& plan) { return link_of<Ends<Fault::overtells>>(plan); }
std::unique_ptr<Link> make_tearing(const Plan& plan) { return link_of<Ends<Fault::tears>>(plan); }
std::unique_ptr<Link> make_repeating(const Plan& plan) { return link_of<Ends<Fault::repeats>>(plan); }
std::unique_ptr<Link> make_dying(const Plan& plan) { return link_of<Ends<Fault::dies>>(plan); }
std::unique_ptr<Link> make_unavailable(const Plan&) { throw Absent("this system does not have it"); }

}  // namespace slickq::peers
