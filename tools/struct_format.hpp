// Records described by the letters of Python's struct module: '<qd8s' is an 8-byte integer, a double, 8
// characters.
//
//   format = [order] {[count] letter}       spaces are ignored
//   order  = '<' little-endian  '>' or '!' big-endian  '=' this machine's order   (no alignment, fixed sizes)
//            '@' or nothing: this machine's order, sizes and alignment, as a C compiler lays a struct out
//   letter = x padding  c one character  b B h H i I l L q Q integers  ? truth  f d floats
//            s text of `count` bytes, zero-padded  p the same with its length in front
//
// Thread safety: an immutable value.
// Contract: bytes() and values() do not change; pack() fills exactly bytes(); errors are
// Error(invalid_argument). At most 2^32 - 1 bytes and 2^20 values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace slickq::cli {

class StructFormat {
 public:
  /// Text holds the bytes of c, s and p, trailing zeros removed.
  using Value = std::variant<std::int64_t, std::uint64_t, double, bool, std::string>;

  static StructFormat parse(std::string_view flag, std::string_view text);

  std::size_t bytes() const noexcept { return bytes_; }
  std::size_t values() const noexcept { return fields_.size(); }

  /// One text a value. Throws when there are too many or too few, or one does not fit.
  std::vector<std::byte> pack(std::span<const std::string> texts) const;
  /// `record` has at least bytes() bytes.
  std::vector<Value> unpack(std::span<const std::byte> record) const;

 private:
  struct Field {
    char letter;
    std::size_t offset;
    std::size_t size;  // of one value; s and p: all characters
  };

  /// False: too many values.
  bool append(char letter, std::size_t count, std::size_t size);

  bool swap_ = false;
  std::size_t bytes_ = 0;
  std::vector<Field> fields_;
};

/// A value as people write it.
std::string to_text(const StructFormat::Value& value);

}  // namespace slickq::cli
