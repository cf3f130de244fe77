// The headers of a message: what it is, and which indexes of which queue it accounts for.
//
//   Slickq-Kind      data | gap | epoch
//   Slickq-Queue     identity of the source queue (identity.hpp)
//   Slickq-Epoch     counts up with each new queue or reset of it that the bridge noticed
//   Slickq-From      the first index accounted for: the Next of the message before
//   Slickq-First     index of the first item; [From, First) was jumped over in the ring and held no item
//   Slickq-Next      one behind the last index accounted for; [First, Next) holds the items and nothing else
//   Slickq-Items     items in the body
//   Slickq-Elements  elements of each item, 0 when they differ (body.hpp)
//   Slickq-Lost      gap: elements that were lost; never more than Next - From
//   Slickq-Geometry  layout capacity element_size items_per_slot, of the source
//   Slickq-Crc       CRC-32C of the body, hexadecimal
//   Slickq-Bridge    which bridge process wrote it
//   Slickq-Reason    epoch: begin | queue | reset | takeover (the same epoch, by another bridge);
//                    gap: overwritten | oversize
//
// Invariant: within an epoch the ranges [From, Next) follow each other without a gap. So whoever reads the stream can
// prove that he has everything, or say what is missing.
//
// Thread safety: plain values. Hostile input: parse() takes what is whole and in range, or says what is wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "slickq/geometry.hpp"

namespace slickq::bridge {

enum class Kind : std::uint8_t { data, gap, epoch };

struct Envelope {
  Kind kind = Kind::data;
  std::string queue;
  std::uint64_t epoch = 0;
  std::uint64_t from = 0;
  std::uint64_t first = 0;
  std::uint64_t next = 0;
  std::uint64_t items = 0;
  std::uint32_t elements = 1;
  std::uint64_t lost = 0;
  std::optional<Geometry> geometry{};
  std::uint32_t crc = 0;
  std::string bridge;
  std::string reason;
};

using Headers = std::vector<std::pair<const char*, std::string>>;
Headers headers_of(const Envelope& envelope);

/// `header`: the value of a header, empty when there is none. Throws Error(corrupt) with the header that is wrong;
/// `object` is what the error is about.
Envelope parse_envelope(const std::string& object, const std::function<std::string(const char*)>& header);

}  // namespace slickq::bridge
