// What an actor of the soak writes down, in a file that outlives it: read by soak.py, and by the next life.
//
// Thread safety: one writer, the living actor. Crash: killed at any instruction. A producer says what it BEGINS before
// it pushes and what is DONE behind it; what lies between is in doubt. A reader writes its whole tally beside the last
// one and then turns a switch.
// Format: 64-bit words of this machine in the order below; soak.py knows it (PRODUCER, TALLY).
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "torture/item.hpp"

namespace soak {

inline constexpr std::uint32_t kProducers = torture::kMostProducers;

struct ProducerRecord {
  std::atomic<std::uint64_t> begun{0};  ///< sequences below may be in the ring
  std::atomic<std::uint64_t> done{0};   ///< sequences below are settled
  std::atomic<std::uint64_t> published{0};
  std::atomic<std::uint64_t> doubtful{0};  ///< begun by a life that was killed before it knew
  std::atomic<std::uint64_t> lives{0};
};

struct Tally {
  std::uint64_t cursor = 0;
  std::uint64_t items = 0;
  std::uint64_t lost = 0;     ///< indexes
  std::uint64_t skipped = 0;  ///< indexes
  std::uint64_t torn = 0;
  std::uint64_t disordered = 0;  ///< a sequence that was there already, or is below one that was
  std::uint64_t resets = 0;
  std::uint64_t lives = 0;
  std::array<std::uint64_t, kProducers> next{};     ///< of each producer: the sequence that follows its last item
  std::array<std::uint64_t, kProducers> missing{};  ///< of each producer: sequences below `next` that never came
};

struct ReaderRecord {
  void put(const Tally& tally) {
    const std::uint64_t other = 1 - now.load(std::memory_order_relaxed);  // our own
    tallies[other] = tally;
    now.store(other, std::memory_order_release);  // pairs with get() of the next life, in another process
  }
  /// acquire: pairs with put() of the life before.
  const Tally& get() const { return tallies[now.load(std::memory_order_acquire)]; }

  std::atomic<std::uint64_t> now{0};
  std::array<Tally, 2> tallies{};
};

/// The record in this file, all zeros when the file is new. Lives as long as the process.
template <class Record>
Record& record_in(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, sizeof(Record)) != 0) throw std::runtime_error(path + ": cannot be made");
  void* const memory = mmap(nullptr, sizeof(Record), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (memory == MAP_FAILED) throw std::runtime_error(path + ": cannot be mapped");
  return *static_cast<Record*>(memory);
}

}  // namespace soak
