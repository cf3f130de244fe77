// Concurrency Kit's ck_ring, for one producer and one consumer, and for any number of them.
#include "ck_ring.h"
#include "../item.hpp"
#include "../shared_memory.hpp"
#include "peers.hpp"

namespace slickq::peers {
namespace {

template <slickq_ck_enqueue* ENQUEUE, slickq_ck_dequeue* DEQUEUE>
class Ends {
 public:
  explicit Ends(const Plan& plan)
      : bytes_(slickq_ck_bytes(kCapacity, plan.elem)), ring_(map_shared(bytes_)), item_(plan.elem) {
    slickq_ck_init(ring_, kCapacity);
  }
  ~Ends() { unmap_shared(ring_, bytes_); }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;

  std::uint64_t capacity() const { return kCapacity - 1; }
  std::uint32_t try_send(std::span<const std::byte> messages, std::uint32_t) {
    return static_cast<std::uint32_t>(ENQUEUE(ring_, messages.data()));
  }
  template <class OnMessage>
  bool poll(OnMessage on_message) {
    if (DEQUEUE(ring_, item_.data()) == 0) return false;
    on_message(item_);
    return true;
  }

 private:
  std::size_t bytes_;
  std::byte* ring_;
  std::vector<std::byte> item_;
};

template <class T>
struct Spsc;
template <>
struct Spsc<Item<8>> : Ends<slickq_ck_enqueue_spsc_8, slickq_ck_dequeue_spsc_8> {
  using Ends::Ends;
};
template <>
struct Spsc<Item<64>> : Ends<slickq_ck_enqueue_spsc_64, slickq_ck_dequeue_spsc_64> {
  using Ends::Ends;
};
template <>
struct Spsc<Item<256>> : Ends<slickq_ck_enqueue_spsc_256, slickq_ck_dequeue_spsc_256> {
  using Ends::Ends;
};

template <class T>
struct Mpmc;
template <>
struct Mpmc<Item<8>> : Ends<slickq_ck_enqueue_mpmc_8, slickq_ck_dequeue_mpmc_8> {
  using Ends::Ends;
};
template <>
struct Mpmc<Item<64>> : Ends<slickq_ck_enqueue_mpmc_64, slickq_ck_dequeue_mpmc_64> {
  using Ends::Ends;
};
template <>
struct Mpmc<Item<256>> : Ends<slickq_ck_enqueue_mpmc_256, slickq_ck_dequeue_mpmc_256> {
  using Ends::Ends;
};

}  // namespace

std::unique_ptr<Link> make_ck_ring_spsc(const Plan& plan) { return link_by_size<Spsc>(plan); }
std::unique_ptr<Link> make_ck_ring_mpmc(const Plan& plan) { return link_by_size<Mpmc>(plan); }

}  // namespace slickq::peers
