// What really happened on a ring under the scheduler, and what each reader made of it. The first contradiction is kept.
//
// Thread safety: one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "slickq/reader.hpp"
#include "support/scheduled_memory.hpp"

namespace ring_test {

inline constexpr std::uint32_t kElementBytes = 16;
inline constexpr std::uint32_t kMostProducers = 4;

using Element = std::array<std::uint64_t, kElementBytes / 8>;

/// Element k of item `id`. Both words say whose it is, so that no mixture of two items passes for one of them.
inline Element element_of(std::uint64_t id, std::uint32_t k) {
  const std::uint64_t word = (id << 8 | k) + 1;
  return {word, ~word};
}

struct Item {
  std::uint32_t producer;
  std::uint32_t count;
  std::uint64_t index;
  std::uint64_t number;  ///< the producer's own count: a push that was late keeps its number when it is tried again
  enum class State : std::uint8_t { pending, published, late } state;
  bool taken;  ///< by one of the readers of the shared position
};

/// One reader's account.
struct Account {
  bool shares = false;
  std::uint64_t received = 0;  ///< elements, whole slots
  std::uint64_t lost = 0;
  std::uint64_t skipped = 0;
  struct Range {
    std::uint64_t first;
    std::uint64_t last;
  };
  std::vector<Range> losses;
  std::vector<std::uint64_t> got;  ///< ids
  std::array<std::uint64_t, kMostProducers> next{};

  std::uint64_t passed() const { return received + lost + skipped; }
};

class Ledger : public test_support::WriteWatch {
 public:
  Ledger(const slickq::Geometry& geometry, const std::byte* base) : geometry_(&geometry), base_(base) {
    seen_.fill(slickq::kNoIndex);
    items_.reserve(64);
  }

  std::uint64_t begin(std::uint32_t producer, std::uint64_t number, std::uint64_t index, std::uint32_t count) {
    items_.push_back({producer, count, index, number, Item::State::pending, false});
    return items_.size() - 1;
  }
  /// Items of [index, end) may be stored over a later lap's marker; their producer has to put it back.
  void begin_run(std::uint64_t index, std::uint64_t end) { runs_.push_back({index, end - 1}); }
  void end(std::uint64_t id, bool visible) { items_[id].state = visible ? Item::State::published : Item::State::late; }

  void pass(Account& account, const slickq::PopResult& result) {
    account.lost += result.lost;
    account.skipped += result.skipped;
    if (result.lost != 0) account.losses.push_back({result.first_lost, result.last_lost});
  }

  /// A reader was handed these elements as item `index`.
  void accept(Account& account, std::uint64_t index, std::uint32_t count, const std::byte* elements) {
    Element first;
    std::memcpy(first.data(), elements, sizeof first);
    const std::uint64_t id = (first[0] - 1) >> 8;
    if (id >= items_.size()) return fail("an item nobody wrote", index);
    Item& item = items_[id];
    if (item.index != index || item.count != count) return fail("torn, or not the item at its index", index);
    for (std::uint32_t k = 0; k < count; ++k) {
      if (std::memcmp(elements + k * kElementBytes, element_of(id, k).data(), kElementBytes) != 0) {
        return fail("torn in the middle", index);
      }
    }
    if (item.state == Item::State::late) return fail("an item its producer was told is not visible", index);
    if (item.number < account.next[item.producer]) fail("a producer's items out of order", index);
    account.next[item.producer] = item.number + 1;
    if (account.shares && std::exchange(item.taken, true)) fail("taken twice", index);
    account.got.push_back(id);
    account.received += geometry_->footprint(count);
  }

  /// Behind every write: slots only grow, and nothing leads beyond C.
  void written(const void* at) override {
    const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(at) - base_);
    if (offset == offsetof(slickq::Header, last_published)) check_last_published();
    const std::size_t end = slickq::kHeaderBytes + sizeof(slickq::Slot) * geometry_->slot_count();
    if (offset < slickq::kHeaderBytes || offset >= end) return;
    const std::size_t number = (offset - slickq::kHeaderBytes) / sizeof(slickq::Slot);
    slickq::Slot slot;
    std::memcpy(&slot, base_ + slickq::kHeaderBytes + number * sizeof slot, sizeof slot);
    std::uint64_t& seen = seen_[number];
    if (seen != slickq::kNoIndex && (slot.data_index == slickq::kNoIndex || slot.data_index < seen)) {
      if (!is_of_a_run(slot.data_index)) fail("a slot moved backwards", slot.data_index);
      ++hidden_markers_;
    }
    if (slot.data_index != slickq::kNoIndex && slot.data_index > reserved()) fail("beyond C", slot.data_index);
    seen = slot.data_index;
  }

  /// When all is over: what this reader did not get was lost, and told so. `floor`: what it may know nothing of.
  void check_complete(const Account& account, std::uint64_t floor) {
    std::vector<bool> got(items_.size());
    for (const std::uint64_t id : account.got) {
      got[id] = true;
      if (items_[id].state == Item::State::late) fail("a late item was delivered", items_[id].index);
    }
    for (std::size_t id = 0; id < items_.size(); ++id) {
      const Item& item = items_[id];
      if (item.state != Item::State::published || got[id] || item.index < floor) continue;
      bool told = account.shares && item.taken;
      for (const Account::Range& loss : account.losses) told |= loss.first <= item.index && item.index <= loss.last;
      if (!told) fail("published, neither delivered nor lost", item.index);
    }
  }

  /// C, looked at from outside of the run.
  std::uint64_t reserved() const {
    std::uint64_t word;
    std::memcpy(&word, base_, sizeof word);
    return geometry_->layout() == slickq::Layout::wide ? word : slickq::packed_index(word);
  }

  /// The last item that its producer knows to be visible, kNoIndex when there is none.
  std::uint64_t newest() const {
    std::uint64_t newest = slickq::kNoIndex;
    for (const Item& item : items_) {
      if (item.state == Item::State::published && (newest == slickq::kNoIndex || item.index > newest)) {
        newest = item.index;
      }
    }
    return newest;
  }

  /// Late items of runs that were stored over a marker.
  std::uint64_t hidden_markers() const { return hidden_markers_; }

  void fail(const char* what, std::uint64_t index) {
    if (failure_.empty()) failure_ = std::string(what) + ", index " + std::to_string(index);
  }
  const std::string& failure() const { return failure_; }

 private:
  // Who sees it sees the item, and it only grows.
  void check_last_published() {
    if (!slickq::has_last_published(geometry_->layout())) return;
    std::uint64_t index;
    std::memcpy(&index, base_ + offsetof(slickq::Header, last_published), sizeof index);
    if (last_published_ != slickq::kNoIndex && index < last_published_) fail("last_published went back", index);
    last_published_ = index;
    const std::uint64_t held = seen_[geometry_->slot_of(index)];
    if (held == slickq::kNoIndex || held < index) fail("last_published, but not there", index);
  }

  bool is_of_a_run(std::uint64_t index) const {
    for (const Account::Range& run : runs_) {
      if (run.first <= index && index <= run.last) return true;
    }
    return false;
  }

  const slickq::Geometry* geometry_;
  const std::byte* base_;
  std::vector<Account::Range> runs_;
  std::uint64_t hidden_markers_ = 0;
  std::uint64_t last_published_ = slickq::kNoIndex;
  std::vector<Item> items_;
  std::array<std::uint64_t, 8> seen_{};
  std::string failure_;
};

}  // namespace ring_test
