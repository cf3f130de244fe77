#include "slickq/recognise.hpp"

#include <bit>
#include <cstring>

#include "regular_file.hpp"
#include "slickq/error.hpp"

namespace slickq {
namespace {

template <class T>
T as(const HeaderBytes& bytes) noexcept {
  T value;
  static_assert(sizeof(T) == sizeof(bytes));
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

bool all_zero(const HeaderBytes& bytes, std::size_t from) noexcept {
  for (std::size_t k = from; k < bytes.size(); ++k) {
    if (bytes[k] != std::byte{0}) return false;
  }
  return true;
}

std::string hex(std::uint32_t value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "0x00000000";
  for (std::size_t k = 0; k < 8; ++k) text[9 - k] = kDigits[value >> (4 * k) & 0xF];
  return text;
}

Recognition not_a_queue(Verdict verdict, InitState state, std::string problem) {
  return {verdict, std::nullopt, state, std::move(problem), verdict == Verdict::initialising, false};
}

Recognition a_queue(const Geometry& geometry, InitState state, const std::optional<Geometry>& annexed) {
  return {Verdict::queue, geometry, state, {}, false, annexed == geometry};
}

std::string truncated_text(const Geometry& geometry, std::uint64_t have) {
  return "truncated: " + geometry.describe() + " needs " + std::to_string(geometry.segment_bytes()) +
         " bytes, the file has " + std::to_string(have);
}

Layout layout_of(std::uint32_t features) noexcept {
  return (features & kFeatureLastPublished) != 0 ? Layout::slq1 : Layout::slq0;
}

// With its magic, but not ready. The geometry is given when header and file agree on it.
Recognition half_made(const Header& h, std::uint32_t items, std::uint64_t file_bytes) {
  Recognition found = not_a_queue(Verdict::initialising, static_cast<InitState>(h.init_state),
                                  "initialisation not finished: init state " + std::to_string(h.init_state) +
                                      " instead of 3; its creator is at work or died");
  if (((h.magic & kFeatureItemsPerSlot) != 0) != (items != 1)) return found;
  try {
    const Geometry geometry = Geometry::make(layout_of(h.magic), h.capacity, h.element_size, items);
    if (file_bytes >= geometry.segment_bytes()) found.geometry = geometry;
  } catch (const Error&) {
    // not all of the header is there yet
  }
  return found;
}

// A header with the SLQ magic: it says everything itself, so it is believed or refused, never guessed at.
Recognition recognise_slq(const Header& h, std::uint64_t file_bytes, const std::optional<Geometry>& annexed) {
  const auto state = static_cast<InitState>(h.init_state);
  const std::uint32_t features = h.magic & kFeatureMask;
  if ((features & ~kKnownFeatures) != 0) {
    return not_a_queue(Verdict::foreign, state,
                       "magic " + hex(h.magic) + " has feature bits this version does not know (known: 0x3)");
  }
  const std::uint32_t items = h.items_per_slot == 0 ? 1 : h.items_per_slot;
  if (state != InitState::ready) return half_made(h, items, file_bytes);
  if (((features & kFeatureItemsPerSlot) != 0) != (items != 1)) {
    return not_a_queue(
        Verdict::foreign, state,
        "damaged header: magic " + hex(h.magic) + " contradicts items per slot " + std::to_string(items));
  }
  try {
    const Geometry geometry = Geometry::make(layout_of(features), h.capacity, h.element_size, items);
    if (file_bytes < geometry.segment_bytes()) {
      return not_a_queue(Verdict::truncated, state, truncated_text(geometry, file_bytes));
    }
    return a_queue(geometry, state, annexed);
  } catch (const Error& error) {
    return not_a_queue(Verdict::foreign, state, "damaged header: " + error.object() + ": " + error.cause());
  }
}

// `packed` has no magic: the file size must be exactly right, or the annex must say the same.
std::optional<Geometry> packed_geometry(const Header& h, std::uint64_t file_bytes,
                                        const std::optional<Geometry>& annexed) {
  if (!std::has_single_bit(h.capacity) || h.element_size == 0) return std::nullopt;
  try {
    const Geometry geometry = Geometry::make(Layout::packed, h.capacity, h.element_size);
    if (geometry.segment_bytes() == file_bytes || annexed == geometry) return geometry;
  } catch (const Error&) {
    // a product that overflows: not this layout
  }
  return std::nullopt;
}

// `wide` has neither magic nor element size: the annex says it, else it follows from the file size.
std::optional<Geometry> wide_geometry(const HeaderBytes& bytes, std::uint64_t file_bytes,
                                      const std::optional<Geometry>& annexed) {
  const auto h = as<WideHeader>(bytes);
  if (!std::has_single_bit(h.capacity) || h.capacity > 1u << 31 || !all_zero(bytes, 20)) return std::nullopt;
  if (h.reserved.high >> 32 != 0) return std::nullopt;  // bytes 12..15
  if (annexed && annexed->layout() == Layout::wide && annexed->capacity() == h.capacity) return annexed;
  const std::uint64_t before = kHeaderBytes + sizeof(Slot) * std::uint64_t{h.capacity};
  if (file_bytes <= before || (file_bytes - before) % h.capacity != 0) return std::nullopt;
  const std::uint64_t element = (file_bytes - before) / h.capacity;
  if (element > 0xFFFFFFFFu) return std::nullopt;
  return Geometry::make(Layout::wide, h.capacity, element);
}

// No layout fits: say what it looks most like.
Recognition explain(const HeaderBytes& bytes, const Header& h, std::uint64_t file_bytes) {
  const auto state = static_cast<InitState>(h.init_state);
  if (all_zero(bytes, 0)) {
    return not_a_queue(Verdict::initialising, InitState::none,
                       "the header is all zero: a queue whose creator has not begun to fill it, or died, or no queue");
  }
  if (state == InitState::initialising && h.unused[0] == 0 && h.unused[1] == 0) {
    return not_a_queue(Verdict::initialising, state,
                       "initialisation not finished: init state 2 and no magic yet; its creator is at work or died");
  }
  if (std::has_single_bit(h.capacity) && h.element_size != 0 && h.magic == 0 && all_zero(bytes, 52)) {
    try {
      const Geometry geometry = Geometry::make(Layout::packed, h.capacity, h.element_size);
      if (file_bytes < geometry.segment_bytes()) {
        return not_a_queue(Verdict::truncated, state, truncated_text(geometry, file_bytes));
      }
      return not_a_queue(Verdict::foreign, state,
                         "looks like " + geometry.describe() + " of " + std::to_string(geometry.segment_bytes()) +
                             " bytes, but the file has " + std::to_string(file_bytes));
    } catch (const Error&) {
      // falls through to the plain answer
    }
  }
  if (h.magic >> 8 == kMagic >> 8) {
    return not_a_queue(Verdict::foreign, state, "unknown magic " + hex(h.magic) + " (slickq knows 0x534c5130..33)");
  }
  return not_a_queue(
      Verdict::foreign, state,
      "not a queue: no layout of SlickQueue matches its header and its " + std::to_string(file_bytes) + " bytes");
}

}  // namespace

Recognition recognise(const HeaderBytes& bytes, std::uint64_t file_bytes, const AnnexHeader* annex) {
  if (file_bytes == 8) return not_a_queue(Verdict::cursor, InitState::none, "a cursor (8 bytes), not a queue");
  if (file_bytes == 0) {
    return not_a_queue(Verdict::initialising, InitState::none,
                       "empty: its creator has not set the size yet or died before it, or it is no queue");
  }
  if (file_bytes < kHeaderBytes) {
    return not_a_queue(Verdict::foreign, InitState::none,
                       "too short: " + std::to_string(file_bytes) + " bytes, a queue's header alone has 64");
  }
  const auto h = as<Header>(bytes);
  const auto annexed = annex == nullptr ? std::nullopt : annex_geometry(*annex, file_bytes);
  if ((h.magic & ~kFeatureMask) == kMagic) return recognise_slq(h, file_bytes, annexed);
  const auto state = static_cast<InitState>(h.init_state);
  if (const auto geometry = packed_geometry(h, file_bytes, annexed)) return a_queue(*geometry, state, annexed);
  if (const auto geometry = wide_geometry(bytes, file_bytes, annexed))
    return a_queue(*geometry, InitState::none, annexed);
  return explain(bytes, h, file_bytes);
}

std::optional<Recognition> recognise_file(int fd, std::uint64_t file_bytes, HeaderBytes* header) {
  HeaderBytes bytes{};  // a shorter file leaves zeros behind its end
  if (read_fully(fd, bytes.data(), bytes.size(), 0) < 0) return std::nullopt;
  if (header != nullptr) *header = bytes;
  AnnexHeader annex{};
  const auto place = annex_place(file_bytes);
  if (place && read_fully(fd, &annex, sizeof annex, *place) < 0) return std::nullopt;
  return recognise(bytes, file_bytes, place ? &annex : nullptr);
}

std::uint64_t reserved_index(const HeaderBytes& bytes, Layout layout) noexcept {
  const std::uint64_t word = as<Header>(bytes).reserved;
  return layout == Layout::wide ? word : packed_index(word);
}

std::uint32_t last_reservation_size(const HeaderBytes& bytes, Layout layout) noexcept {
  if (layout == Layout::wide) return static_cast<std::uint32_t>(as<WideHeader>(bytes).reserved.high);
  return packed_size(as<Header>(bytes).reserved);
}

std::uint64_t last_published_index(const HeaderBytes& bytes, Layout layout) noexcept {
  return has_last_published(layout) ? as<Header>(bytes).last_published : kNoIndex;
}

HeaderBytes fresh_header(const Geometry& geometry) noexcept {
  HeaderBytes bytes{};
  if (geometry.layout() == Layout::wide) {
    WideHeader h{};
    h.capacity = geometry.capacity();
    std::memcpy(bytes.data(), &h, sizeof h);
    return bytes;
  }
  Header h{};
  h.capacity = geometry.capacity();
  h.element_size = geometry.element_size();
  if (has_magic(geometry.layout())) {
    h.magic = kMagic | (has_last_published(geometry.layout()) ? kFeatureLastPublished : 0) |
              (has_shared_slots(geometry.layout()) ? kFeatureItemsPerSlot : 0);
    // 0 reads as 1 and is what releases before items_per_slot wrote.
    h.items_per_slot = has_shared_slots(geometry.layout()) ? geometry.items_per_slot() : 0;
    h.last_published = has_last_published(geometry.layout()) ? kNoIndex : 0;
    h.init_state = static_cast<std::uint32_t>(InitState::ready);
  }
  std::memcpy(bytes.data(), &h, sizeof h);
  return bytes;
}

std::vector<std::string_view> compatible_with(Layout layout) {
  switch (layout) {
    case Layout::wide: return {"cpp-1.0..1.1"};
    case Layout::packed: return {"cpp-1.2..1.3", "python-1.0"};
    case Layout::slq1: return {"cpp-1.4+", "python-1.1+"};
    case Layout::slq0: return {"cpp-2.0+", "python-2.0+"};
    case Layout::slq2:
    case Layout::slq3: return {"cpp-2.1+", "python-2.1+"};
  }
  return {};
}

}  // namespace slickq
