#include "slickq/geometry.hpp"

#include <bit>
#include <limits>

#include "slickq/error.hpp"

namespace slickq {
namespace {

constexpr std::uint64_t kMaxCapacity = std::uint64_t{1} << 31;  // the largest power of two in the header's u32
constexpr std::uint64_t kMaxElement = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kMaxSegment = std::uint64_t{std::numeric_limits<std::int64_t>::max()};  // off_t

[[noreturn]] void refuse(const std::string& what, const std::string& cause, const std::string& remedy = {}) {
  throw Error(Errc::invalid_argument, what, cause, remedy);
}

void check_capacity(std::uint64_t capacity) {
  const std::string what = "size " + std::to_string(capacity);
  if (capacity == 0) refuse(what, "a queue needs at least 1 element", "use a power of two, e.g. 1024");
  if (capacity > kMaxCapacity) refuse(what, "the format allows at most 2147483648 (2^31) elements");
  if (!std::has_single_bit(capacity)) {
    refuse(what, "not a power of two",
           "nearest: " + std::to_string(std::bit_floor(capacity)) + " or " + std::to_string(std::bit_ceil(capacity)));
  }
}

void check_items_per_slot(Layout layout, std::uint64_t capacity, std::uint64_t items) {
  const std::string what = "items per slot " + std::to_string(items);
  if (!std::has_single_bit(items)) refuse(what, "not a power of two");
  if (items > capacity) refuse(what, "more than the size " + std::to_string(capacity));
  if (items != 1 && !has_magic(layout)) {
    refuse(what, "layout " + std::string(to_string(layout)) + " has one slot per element", "use slq1 or slq0");
  }
}

Layout with_items_per_slot(Layout layout, std::uint64_t items) noexcept {
  if (!has_magic(layout)) return layout;
  if (has_last_published(layout)) return items == 1 ? Layout::slq1 : Layout::slq3;
  return items == 1 ? Layout::slq0 : Layout::slq2;
}

std::uint64_t round_up(std::uint64_t value, std::uint64_t power_of_two) noexcept {
  return (value + power_of_two - 1) & ~(power_of_two - 1);
}

}  // namespace

Geometry Geometry::make(Layout layout, std::uint64_t capacity, std::uint64_t element_size,
                        std::uint64_t items_per_slot) {
  check_capacity(capacity);
  if (element_size == 0) refuse("element size 0", "an element needs at least 1 byte");
  if (element_size > kMaxElement) {
    refuse("element size " + std::to_string(element_size), "the format allows at most 4294967295 bytes");
  }
  check_items_per_slot(layout, capacity, items_per_slot);

  Geometry g;
  g.layout_ = with_items_per_slot(layout, items_per_slot);
  g.capacity_ = static_cast<std::uint32_t>(capacity);
  g.element_size_ = static_cast<std::uint32_t>(element_size);
  g.items_per_slot_ = static_cast<std::uint32_t>(items_per_slot);
  g.slot_shift_ = static_cast<std::uint32_t>(std::countr_zero(items_per_slot));

  const std::uint64_t slots_end = kHeaderBytes + sizeof(Slot) * std::uint64_t{g.slot_count()};  // <= 2^35 + 64
  g.data_offset_ = slots_end;
  if (items_per_slot != 1) {
    // The lowest set bit of the element size: what every peer can derive without knowing the element's alignment.
    g.data_offset_ = round_up(slots_end, element_size & (~element_size + 1));
  }
  std::uint64_t data = 0;
  if (__builtin_mul_overflow(capacity, element_size, &data) || data > kMaxSegment - g.data_offset_) {
    refuse("size " + std::to_string(capacity) + " x element size " + std::to_string(element_size),
           "more bytes than a file can have");
  }
  g.segment_bytes_ = g.data_offset_ + data;
  return g;
}

std::string Geometry::describe() const {
  std::string text = std::string(to_string(layout_)) + ", " + std::to_string(capacity_) +
                     (capacity_ == 1 ? " element of " : " elements of ") + std::to_string(element_size_) +
                     (element_size_ == 1 ? " byte" : " bytes");
  if (items_per_slot_ != 1) text += ", " + std::to_string(items_per_slot_) + " per slot";
  return text;
}

}  // namespace slickq
