// The shared bytes of SlickQueue, and nothing else.
//
//   segment  = header slots [pad] elements [annex]
//   header   = 64 bytes, one of the three shapes below
//   slots    = capacity / items_per_slot times Slot
//   pad      = only when items_per_slot != 1: up to the lowest set bit of the element size
//   elements = capacity times element_size bytes
//
// All numbers are little-endian. An example, `slq1`, capacity 8, elements of 32 bytes, three items published:
//
//   00: 0100 0300 0000 0000  word 0: index 3 << 16 | size of the last reservation, 1
//   08: 0800 0000 2000 0000  capacity 8, element size 32
//   10: 0200 0000 0000 0000  last published index 2
//   18: 3151 4c53 0000 0000  magic 0x534C5131, items per slot 0 (reads as 1)
//   30: 0300 0000            init state: ready
//   40: 0000 0000 0000 0000 0100 0000 0000 0000   slot 0: index 0, one element
//
// Thread safety: constants and plain structs. These bytes are shared with every release of the C++ and Python
// originals, so nothing here may change.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace slickq {

static_assert(std::endian::native == std::endian::little, "the shared format is little-endian");
static_assert(sizeof(void*) == 8, "the shared format needs a 64-bit platform");

/// The generations of the format. `slq2`/`slq3` are `slq0`/`slq1` with more than one item per slot.
enum class Layout : std::uint8_t {
  wide,    ///< C++ <= 1.1.2: 16-byte {index, size} word; the element size follows from the file size
  packed,  ///< C++ 1.2, 1.3, Python 1.0: 48-bit index and 16-bit size in one word
  slq0,    ///< 2.x without read_last
  slq1,    ///< C++ 1.4 and later, Python 1.1 and later; the default
  slq2,    ///< slq0, items_per_slot > 1
  slq3     ///< slq1, items_per_slot > 1
};

std::string_view to_string(Layout layout) noexcept;
std::optional<Layout> parse_layout(std::string_view text) noexcept;

/// Does the header carry the SLQ magic word?
constexpr bool has_magic(Layout l) noexcept { return l >= Layout::slq0; }
/// Is the last published index at offset 16 maintained by everyone?
constexpr bool has_last_published(Layout l) noexcept { return l == Layout::slq1 || l == Layout::slq3; }
/// Does one slot cover several elements?
constexpr bool has_shared_slots(Layout l) noexcept { return l == Layout::slq2 || l == Layout::slq3; }

/// "No index": a slot never used, or nothing published yet.
inline constexpr std::uint64_t kNoIndex = ~std::uint64_t{0};
/// Reservations stop here with an error: the packed word holds 48 bits of index, and wrapping it is silent loss.
inline constexpr std::uint64_t kMaxIndex = std::uint64_t{1} << 47;

inline constexpr std::uint32_t kMagic = 0x534C5130;  // "SLQ0"; the low nibble is the features
inline constexpr std::uint32_t kFeatureMask = 0xF;
inline constexpr std::uint32_t kFeatureLastPublished = 0x1;
inline constexpr std::uint32_t kFeatureItemsPerSlot = 0x2;
inline constexpr std::uint32_t kKnownFeatures = kFeatureLastPublished | kFeatureItemsPerSlot;

/// Values of the word at offset 48.
enum class InitState : std::uint32_t { none = 0, legacy = 1, initialising = 2, ready = 3 };

inline constexpr std::size_t kHeaderBytes = 64;

/// Header of `packed` and of every `slq*`. In `packed` all from offset 16 on is zero but init_state, 1 in C++ 1.3.
struct Header {
  std::uint64_t reserved;        ///< index << 16 | low 16 bits of the last reservation's size
  std::uint32_t capacity;        ///< elements, a power of two
  std::uint32_t element_size;    ///< bytes
  std::uint64_t last_published;  ///< index of the newest published item, kNoIndex when none
  std::uint32_t magic;
  std::uint32_t items_per_slot;  ///< elements per slot; 0 means 1
  std::uint64_t unused[2];       ///< the originals' to grow into: stays 0
  std::uint32_t init_state;
  std::uint32_t init_state_high;  ///< stays 0: Python compares both words as one
  std::uint64_t unused_tail;
};
static_assert(sizeof(Header) == 64);
static_assert(offsetof(Header, reserved) == 0);
static_assert(offsetof(Header, capacity) == 8);
static_assert(offsetof(Header, element_size) == 12);
static_assert(offsetof(Header, last_published) == 16);
static_assert(offsetof(Header, magic) == 24);
static_assert(offsetof(Header, items_per_slot) == 28);
static_assert(offsetof(Header, unused) == 32);
static_assert(offsetof(Header, init_state) == 48);
static_assert(offsetof(Header, init_state_high) == 52);
static_assert(offsetof(Header, unused_tail) == 56);

/// Two machine words that change together by one 16-byte compare-exchange.
struct alignas(16) WideWord {
  std::uint64_t low;   ///< index
  std::uint64_t high;  ///< size in the low 32 bits, the rest zero
};
static_assert(sizeof(WideWord) == 16);

/// Header of `wide`.
struct WideHeader {
  WideWord reserved;
  std::uint32_t capacity;
  std::uint32_t unused[11];
};
static_assert(sizeof(WideHeader) == 64);
static_assert(offsetof(WideHeader, reserved) == 0);
static_assert(offsetof(WideHeader, capacity) == 16);

/// One slot: who is here, and how many elements the item has.
struct alignas(16) Slot {
  std::uint64_t data_index;  ///< index of the item, of a jump marker's target, or kNoIndex
  std::uint32_t size;        ///< elements in the item
  std::uint32_t padding;     ///< 0; the Python original zeroes it at every publish
};
static_assert(sizeof(Slot) == 16);
static_assert(offsetof(Slot, data_index) == 0);
static_assert(offsetof(Slot, size) == 8);
static_assert(offsetof(Slot, padding) == 12);

inline constexpr std::uint32_t kPackedSizeBits = 16;
/// The packed word of a reservation: `size` keeps its low 16 bits only.
constexpr std::uint64_t pack_reserved(std::uint64_t index, std::uint32_t size) noexcept {
  return index << kPackedSizeBits | (size & 0xFFFF);
}
constexpr std::uint64_t packed_index(std::uint64_t word) noexcept { return word >> kPackedSizeBits; }
constexpr std::uint32_t packed_size(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word & 0xFFFF); }

}  // namespace slickq
