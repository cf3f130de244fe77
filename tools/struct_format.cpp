#include "struct_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "slickq/error.hpp"

namespace slickq::cli {
namespace {

enum class Kind : std::uint8_t { padding, text, pascal, character, truth, is_signed, is_unsigned, real };

struct Letter {
  char letter;
  Kind kind;
  std::size_t standard;  // bytes with < > ! =
  std::size_t native;    // bytes, and alignment, with @
};

constexpr std::array kLetters{
    Letter{'x', Kind::padding, 1, 1},
    Letter{'c', Kind::character, 1, 1},
    Letter{'b', Kind::is_signed, 1, 1},
    Letter{'B', Kind::is_unsigned, 1, 1},
    Letter{'?', Kind::truth, 1, sizeof(bool)},
    Letter{'h', Kind::is_signed, 2, sizeof(short)},
    Letter{'H', Kind::is_unsigned, 2, sizeof(short)},
    Letter{'i', Kind::is_signed, 4, sizeof(int)},
    Letter{'I', Kind::is_unsigned, 4, sizeof(int)},
    Letter{'l', Kind::is_signed, 4, sizeof(long)},
    Letter{'L', Kind::is_unsigned, 4, sizeof(long)},
    Letter{'q', Kind::is_signed, 8, sizeof(long long)},
    Letter{'Q', Kind::is_unsigned, 8, sizeof(long long)},
    Letter{'f', Kind::real, 4, sizeof(float)},
    Letter{'d', Kind::real, 8, sizeof(double)},
    Letter{'s', Kind::text, 1, 1},
    Letter{'p', Kind::pascal, 1, 1},
};

// Larger than any element: what is beyond this is a mistyped count.
constexpr std::size_t kMaxBytes = std::numeric_limits<std::uint32_t>::max();
// More than anybody prints; each takes memory before the first element is seen.
constexpr std::size_t kMaxValues = std::size_t{1} << 20;

const Letter* find_letter(char letter) {
  const auto found = std::ranges::find(kLetters, letter, &Letter::letter);
  return found == kLetters.end() ? nullptr : &*found;
}

[[noreturn]] void refuse(std::string_view object, std::string cause) {
  throw Error(Errc::invalid_argument, std::string(object), std::move(cause));
}

struct Step {
  const Letter* letter;
  std::size_t count;
};

// "[count] letter", taken off the front of `rest`.
Step next_step(std::string_view flag, std::string_view text, std::string_view& rest) {
  std::size_t count = 1;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
  if (error == std::errc::result_out_of_range) refuse(flag, fmt::format("'{}': a count is too large", text));
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  if (rest.empty()) refuse(flag, fmt::format("'{}' ends with a count", text));
  const Letter* letter = find_letter(rest.front());
  if (letter == nullptr) {
    refuse(flag, fmt::format("'{}': '{}' is not one of xcbB?hHiIlLqQfdsp", text, rest.front()));
  }
  rest.remove_prefix(1);
  return {letter, count};
}

template <class T>
T number(const std::string& text, char letter) {
  T value{};
  const bool hex = std::is_integral_v<T> && text.starts_with("0x");
  const char* begin = text.data() + (hex ? 2 : 0);
  const char* end = text.data() + text.size();
  std::from_chars_result result{};
  if constexpr (std::is_integral_v<T>) {
    result = std::from_chars(begin, end, value, hex ? 16 : 10);
  } else {
    result = std::from_chars(begin, end, value);
  }
  if (result.ec != std::errc{} || result.ptr != end) refuse(text, fmt::format("is no value for '{}'", letter));
  return value;
}

// Little-endian bytes of the low `size` bytes of `word`, or back; `swap` for the other order.
void put_word(std::byte* to, std::uint64_t word, std::size_t size, bool swap) {
  std::memcpy(to, &word, size);
  if (swap) std::reverse(to, to + size);
}

std::uint64_t get_word(const std::byte* from, std::size_t size, bool swap) {
  std::array<std::byte, 8> bytes{};
  std::copy_n(from, size, bytes.begin());
  if (swap) std::reverse(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
  return std::bit_cast<std::uint64_t>(bytes);
}

std::uint64_t signed_word(const std::string& text, char letter, std::size_t size) {
  const auto value = number<std::int64_t>(text, letter);
  const unsigned unused_bits = static_cast<unsigned>(64 - 8 * size);
  const std::int64_t largest = std::numeric_limits<std::int64_t>::max() >> unused_bits;
  if (value > largest || value < -largest - 1) refuse(text, fmt::format("does not fit '{}' ({} bytes)", letter, size));
  return std::bit_cast<std::uint64_t>(value);
}

std::uint64_t unsigned_word(const std::string& text, char letter, std::size_t size) {
  const auto value = number<std::uint64_t>(text, letter);
  if (size < 8 && value >> (8 * size) != 0) refuse(text, fmt::format("does not fit '{}' ({} bytes)", letter, size));
  return value;
}

std::uint64_t real_word(const std::string& text, char letter, std::size_t size) {
  const auto value = number<double>(text, letter);
  if (size == sizeof(double)) return std::bit_cast<std::uint64_t>(value);
  const auto narrow = static_cast<float>(value);
  if (std::isfinite(value) && !std::isfinite(narrow))
    refuse(text, fmt::format("does not fit '{}' ({} bytes)", letter, size));
  return std::bit_cast<std::uint32_t>(narrow);
}

std::uint64_t truth_word(const std::string& text) {
  if (text == "1" || text == "true") return 1;
  if (text == "0" || text == "false") return 0;
  refuse(text, "is no value for '?' (true, false, 1, 0)");
}

void put_text(std::byte* to, const std::string& text, std::size_t size, char letter) {
  if (text.size() > size) refuse(text, fmt::format("is longer than its {} bytes in '{}'", size, letter));
  std::memcpy(to, text.data(), text.size());
}

void put_pascal(std::byte* to, const std::string& text, std::size_t size) {
  if (size == 0) return;
  const std::size_t room = std::min<std::size_t>(size - 1, 255);
  put_text(to + 1, text, room, 'p');
  to[0] = static_cast<std::byte>(text.size());
}

std::string get_text(const std::byte* from, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(from), size);
  text.erase(text.find_last_not_of('\0') + 1);
  return text;
}

std::string get_pascal(const std::byte* from, std::size_t size) {
  if (size == 0) return {};
  const std::size_t length = std::min(std::to_integer<std::size_t>(from[0]), size - 1);
  return std::string(reinterpret_cast<const char*>(from + 1), length);
}

StructFormat::Value get_real(const std::byte* from, std::size_t size, bool swap) {
  const std::uint64_t word = get_word(from, size, swap);
  if (size == sizeof(double)) return std::bit_cast<double>(word);
  return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(word)));
}

StructFormat::Value get_signed(const std::byte* from, std::size_t size, bool swap) {
  const unsigned unused_bits = static_cast<unsigned>(64 - 8 * size);
  const auto word = std::bit_cast<std::int64_t>(get_word(from, size, swap) << unused_bits);
  return word >> unused_bits;  // an arithmetic shift: the sign follows
}

}  // namespace

StructFormat StructFormat::parse(std::string_view flag, std::string_view text) {
  constexpr std::string_view kOrders = "@=<>!";
  StructFormat format;
  std::string_view rest = text;
  char order = '@';
  if (!rest.empty() && kOrders.find(rest.front()) != std::string_view::npos) {
    order = rest.front();
    rest.remove_prefix(1);
  }
  format.swap_ = order == '>' || order == '!';
  while (!rest.empty()) {
    if (rest.front() == ' ') {
      rest.remove_prefix(1);
      continue;
    }
    const Step step = next_step(flag, text, rest);
    const std::size_t size = order == '@' ? step.letter->native : step.letter->standard;
    if (order == '@') format.bytes_ = (format.bytes_ + size - 1) / size * size;
    if (step.count > kMaxBytes || format.bytes_ + step.count * size > kMaxBytes) {
      refuse(flag, fmt::format("'{}' describes more than an element can hold", text));
    }
    if (!format.append(step.letter->letter, step.count, size)) {
      refuse(flag, fmt::format("'{}' describes more than {} values; take 's' for bytes that belong together", text,
                               kMaxValues));
    }
  }
  if (format.bytes_ == 0) refuse(flag, fmt::format("'{}' describes no bytes", text));
  return format;
}

bool StructFormat::append(char letter, std::size_t count, std::size_t size) {
  const Kind kind = find_letter(letter)->kind;
  if (kind == Kind::text || kind == Kind::pascal) {
    fields_.push_back({letter, bytes_, count});  // the count is a length: one value
  } else if (kind != Kind::padding) {
    if (count > kMaxValues - fields_.size()) return false;
    for (std::size_t k = 0; k < count; ++k) fields_.push_back({letter, bytes_ + k * size, size});
  }
  bytes_ += count * size;
  return true;
}

std::vector<std::byte> StructFormat::pack(std::span<const std::string> texts) const {
  if (texts.size() != values()) {
    refuse("--pack", fmt::format("the format takes {} values, {} given", values(), texts.size()));
  }
  std::vector<std::byte> record(bytes_);
  for (std::size_t k = 0; k < fields_.size(); ++k) {
    const Field& field = fields_[k];
    const std::string& text = texts[k];
    std::byte* to = record.data() + field.offset;
    switch (find_letter(field.letter)->kind) {
      case Kind::text:
      case Kind::character: put_text(to, text, field.size, field.letter); break;
      case Kind::pascal: put_pascal(to, text, field.size); break;
      case Kind::truth: put_word(to, truth_word(text), field.size, swap_); break;
      case Kind::is_signed: put_word(to, signed_word(text, field.letter, field.size), field.size, swap_); break;
      case Kind::is_unsigned: put_word(to, unsigned_word(text, field.letter, field.size), field.size, swap_); break;
      case Kind::real: put_word(to, real_word(text, field.letter, field.size), field.size, swap_); break;
      case Kind::padding: break;
    }
  }
  return record;
}

std::vector<StructFormat::Value> StructFormat::unpack(std::span<const std::byte> record) const {
  std::vector<Value> values;
  for (const Field& field : fields_) {
    const std::byte* from = record.data() + field.offset;
    switch (find_letter(field.letter)->kind) {
      case Kind::text:
      case Kind::character: values.emplace_back(get_text(from, field.size)); break;
      case Kind::pascal: values.emplace_back(get_pascal(from, field.size)); break;
      case Kind::truth: values.emplace_back(*from != std::byte{0}); break;
      case Kind::is_signed: values.push_back(get_signed(from, field.size, swap_)); break;
      case Kind::is_unsigned: values.emplace_back(get_word(from, field.size, swap_)); break;
      case Kind::real: values.push_back(get_real(from, field.size, swap_)); break;
      case Kind::padding: break;
    }
  }
  return values;
}

std::string to_text(const StructFormat::Value& value) {
  return std::visit([](const auto& held) { return fmt::format("{}", held); }, value);
}

}  // namespace slickq::cli
