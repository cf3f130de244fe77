// CRC-32C (Castagnoli), of what crosses the network in a message.
//
// Thread safety: a pure function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace slickq::bridge {

/// By the processor's instruction where it has one: checking must not cost what packing saved.
std::uint32_t crc32c(std::span<const std::byte> bytes) noexcept;
/// The same without the instruction.
std::uint32_t crc32c_by_table(std::span<const std::byte> bytes) noexcept;

}  // namespace slickq::bridge
