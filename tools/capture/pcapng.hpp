// The bytes of a capture file: pcapng, the format that Wireshark, tshark and libpcap read. Classic libpcap files know
// one interface and no place for loss; libpcap itself writes no other, hence blocks of our own making.
//
// Source: draft-ietf-opsawg-pcapng (block and option numbers, padding), sections 3 and 4.
// A file of ours: one section header, one interface description a queue, one enhanced packet an item, at the end one
// interface statistics block a queue. All numbers in the byte order of the machine that wrote them.
// Thread safety: constants and values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slickq::cli::pcapng {

inline constexpr std::uint32_t kSectionHeader = 0x0A0D0D0A;  // reads the same in either byte order
inline constexpr std::uint32_t kInterface = 1;
inline constexpr std::uint32_t kInterfaceStatistics = 5;
inline constexpr std::uint32_t kPacket = 6;
inline constexpr std::uint32_t kObsoletePacket = 2;  // in old captures of others
inline constexpr std::uint32_t kSimplePacket = 3;    // without a time

inline constexpr std::uint32_t kByteOrder = 0x1A2B3C4D;
inline constexpr std::uint16_t kLinkTypeUser0 = 147;  // payloads without a protocol of their own

// Options of any block, and of the blocks above. The same number means different things in different blocks.
inline constexpr std::uint16_t kEndOfOptions = 0;
inline constexpr std::uint16_t kComment = 1;
inline constexpr std::uint16_t kSectionApplication = 4;
inline constexpr std::uint16_t kInterfaceName = 2;
inline constexpr std::uint16_t kInterfaceDescription = 3;
inline constexpr std::uint16_t kInterfaceTimeResolution = 9;
inline constexpr std::uint16_t kInterfaceTimeOffset = 14;
inline constexpr std::uint16_t kPacketDropCount = 4;
inline constexpr std::uint16_t kPacketId = 5;
inline constexpr std::uint16_t kStatisticsStart = 2;
inline constexpr std::uint16_t kStatisticsEnd = 3;
inline constexpr std::uint16_t kStatisticsReceived = 4;
inline constexpr std::uint16_t kStatisticsDropped = 5;

/// The longest item that is recorded, and block that is read: a length that somebody made up must not cost more memory.
inline constexpr std::uint64_t kLongestPayload = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kLongestBlock = kLongestPayload + (std::uint64_t{1} << 20);
/// Wireshark and tshark 4.0 take a longer packet for damage (WTAP_MAX_PACKET_SIZE_STANDARD).
inline constexpr std::uint64_t kLongestForWireshark = 262144;

constexpr std::uint64_t padded(std::uint64_t bytes) noexcept { return (bytes + 3) & ~std::uint64_t{3}; }

/// What an interface description says of a queue. Geometry is in a comment of ours, "slickq layout=slq1 capacity=1024
/// element_size=256 items_per_slot=1"; a capture by somebody else has none.
struct Interface {
  std::string name;
  std::string description;
  std::string comment;

  /// The number behind " KEY=" in the comment.
  std::optional<std::uint64_t> number(std::string_view key) const;
  /// The word behind " KEY=" in the comment; empty when there is none.
  std::string_view word(std::string_view key) const;
};

}  // namespace slickq::cli::pcapng
