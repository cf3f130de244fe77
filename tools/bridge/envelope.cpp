#include "envelope.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <sstream>

#include "slickq/error.hpp"

namespace slickq::bridge {
namespace {

constexpr std::array<std::string_view, 3> kKinds{"data", "gap", "epoch"};

[[noreturn]] void refuse(const std::string& object, const char* header, const std::string& value) {
  throw Error(Errc::corrupt, object,
              value.empty() ? fmt::format("the header {} is missing", header)
                            : fmt::format("the header {} makes no sense: {}", header, value),
              "only slickq-bridge may write to the subject of a bridged queue");
}

std::uint64_t number(const std::string& object, const char* header, const std::string& text, int base = 10,
                     std::uint64_t most = kMaxIndex) {
  std::uint64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || rest != text.data() + text.size() || value > most) refuse(object, header, text);
  return value;
}

std::string words_of(const Geometry& geometry) {
  return fmt::format("{} {} {} {}", to_string(geometry.layout()), geometry.capacity(), geometry.element_size(),
                     geometry.items_per_slot());
}

Geometry parse_geometry(const std::string& object, const std::string& text) {
  std::istringstream words(text);
  std::string layout;
  std::uint64_t capacity = 0;
  std::uint64_t element_size = 0;
  std::uint64_t items_per_slot = 0;
  words >> layout >> capacity >> element_size >> items_per_slot;
  for (const Layout known : {Layout::wide, Layout::packed, Layout::slq0, Layout::slq1, Layout::slq2, Layout::slq3}) {
    if (!words || to_string(known) != layout) continue;
    try {
      return Geometry::make(known, capacity, element_size, items_per_slot);
    } catch (const Error&) {
      break;
    }
  }
  refuse(object, "Slickq-Geometry", text);
}

}  // namespace

Headers headers_of(const Envelope& envelope) {
  Headers headers{{"Slickq-Kind", std::string(kKinds[static_cast<std::size_t>(envelope.kind)])},
                  {"Slickq-Queue", envelope.queue},
                  {"Slickq-Epoch", std::to_string(envelope.epoch)},
                  {"Slickq-From", std::to_string(envelope.from)},
                  {"Slickq-First", std::to_string(envelope.first)},
                  {"Slickq-Next", std::to_string(envelope.next)},
                  {"Slickq-Items", std::to_string(envelope.items)},
                  {"Slickq-Elements", std::to_string(envelope.elements)},
                  {"Slickq-Lost", std::to_string(envelope.lost)},
                  {"Slickq-Crc", fmt::format("{:08x}", envelope.crc)},
                  {"Slickq-Bridge", envelope.bridge}};
  if (envelope.geometry) headers.emplace_back("Slickq-Geometry", words_of(*envelope.geometry));
  if (!envelope.reason.empty()) headers.emplace_back("Slickq-Reason", envelope.reason);
  return headers;
}

Envelope parse_envelope(const std::string& object, const std::function<std::string(const char*)>& header) {
  const auto value = [&](const char* name) { return number(object, name, header(name)); };
  Envelope envelope;
  const std::string kind = header("Slickq-Kind");
  std::size_t row = 0;
  while (row < kKinds.size() && kKinds[row] != kind) ++row;
  if (row == kKinds.size()) refuse(object, "Slickq-Kind", kind);
  envelope.kind = static_cast<Kind>(row);
  envelope.queue = header("Slickq-Queue");
  if (envelope.queue.empty() || envelope.queue.size() > 95) refuse(object, "Slickq-Queue", envelope.queue);
  envelope.epoch = value("Slickq-Epoch");
  envelope.from = value("Slickq-From");
  envelope.first = value("Slickq-First");
  envelope.next = value("Slickq-Next");
  if (envelope.first < envelope.from) refuse(object, "Slickq-First", std::to_string(envelope.first));
  if (envelope.next < envelope.first) refuse(object, "Slickq-Next", std::to_string(envelope.next));
  envelope.items = value("Slickq-Items");
  envelope.elements = static_cast<std::uint32_t>(
      number(object, "Slickq-Elements", header("Slickq-Elements"), 10, std::numeric_limits<std::uint32_t>::max()));
  envelope.lost = value("Slickq-Lost");
  envelope.crc = static_cast<std::uint32_t>(
      number(object, "Slickq-Crc", header("Slickq-Crc"), 16, std::numeric_limits<std::uint32_t>::max()));
  envelope.bridge = header("Slickq-Bridge");
  envelope.reason = header("Slickq-Reason");
  envelope.geometry = parse_geometry(object, header("Slickq-Geometry"));
  return envelope;
}

}  // namespace slickq::bridge
