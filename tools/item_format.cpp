#include "item_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "did_you_mean.hpp"
#include "json.hpp"
#include "table.hpp"
#include "values.hpp"

namespace slickq::cli {
namespace {

struct FormName {
  std::string_view name;
  Form form;
};
constexpr std::array kForms{FormName{"hex", Form::hex}, FormName{"text", Form::text}, FormName{"raw", Form::raw},
                            FormName{"base64", Form::base64}};

Form parse_form(std::string_view flag, std::string_view text) {
  std::vector<std::string> known;
  for (const FormName& row : kForms) {
    if (row.name == text) return row.form;
    known.emplace_back(row.name);
  }
  throw Error(Errc::invalid_argument, std::string(flag),
              fmt::format("'{}' is not a format; formats are {}", text, fmt::join(known, ", ")),
              did_you_mean(text, known));
}

std::string_view as_characters(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

constexpr std::size_t kHexColumns = 16;

std::string hex_line(std::size_t offset, std::span<const std::byte> bytes) {
  std::string line = fmt::format("  {:08x} ", offset);
  std::string characters;
  for (std::size_t k = 0; k < kHexColumns; ++k) {
    if (k == kHexColumns / 2) line += ' ';
    if (k >= bytes.size()) {
      line += "   ";
      continue;
    }
    const unsigned value = std::to_integer<unsigned>(bytes[k]);
    line += fmt::format(" {:02x}", value);
    characters += value >= 0x20 && value < 0x7F ? static_cast<char>(value) : '.';
  }
  return line + "  |" + characters + "|";
}

Json values_json(const std::vector<StructFormat::Value>& values) {
  Json list = Json::array();
  for (const auto& value : values) {
    std::visit([&](const auto& held) { list.push_back(held); }, value);
  }
  return list;
}

}  // namespace

void declare_item_flags(Arguments& arguments, ItemFlags& flags, std::string template_names) {
  arguments.option("--format", "FORM", into(flags.form, parse_form),
                   "hex (default), text (up to the first zero byte), raw, base64");
  arguments.option("--unpack", "FORMAT", into(flags.unpack, StructFormat::parse),
                   "elements are records of Python struct letters: '<qd8s'");
  arguments.option(std::move(template_names), "TEXT", into(flags.pattern),
                   "%i index %n elements %l bytes %s text %x hex %% \\n \\t; no newline is added");
}

ItemPrinter::ItemPrinter(Session& session, const ItemFlags& flags, std::uint32_t element_size)
    : session_(&session), flags_(flags), element_size_(element_size) {
  if (flags_.unpack && flags_.unpack->bytes() > element_size) {
    throw Error(
        Errc::invalid_argument, "--unpack",
        fmt::format("a record has {} bytes, an element of this queue only {}", flags_.unpack->bytes(), element_size));
  }
}

void ItemPrinter::print(std::uint64_t index, std::uint32_t count, std::span<const std::byte> elements) {
  const Item item{index, count, elements};
  if (session_->globals.json) return print_json(item);
  if (flags_.pattern) return print_pattern(item);
  if (flags_.unpack) return print_values(item);
  switch (flags_.form) {
    case Form::hex: return print_hex(item);
    case Form::text: return session_->out.line(text_of(item));
    case Form::raw: return session_->out.write(as_characters(item.bytes));
    case Form::base64: return session_->out.line(base64(item.bytes));
  }
}

void ItemPrinter::print_json(const Item& item) {
  std::string line = fmt::format(R"({{"index":{},"count":{},"bytes":{},"data_hex":"{}")", item.index, item.count,
                                 item.bytes.size(), hex_digits(item.bytes));
  if (flags_.unpack) {
    Json elements = Json::array();
    for (std::size_t at = 0; at + element_size_ <= item.bytes.size(); at += element_size_) {
      elements.push_back(values_json(flags_.unpack->unpack(item.bytes.subspan(at, element_size_))));
    }
    line += fmt::format(R"(,"values":{})", elements.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  session_->out.line(line + "}");
}

void ItemPrinter::print_values(const Item& item) {
  for (std::size_t at = 0; at + element_size_ <= item.bytes.size(); at += element_size_) {
    std::string line = std::to_string(item.index + at / element_size_);
    for (const auto& value : flags_.unpack->unpack(item.bytes.subspan(at, element_size_))) {
      line += ' ' + printable(to_text(value));
    }
    session_->out.line(line);
  }
}

void ItemPrinter::print_pattern(const Item& item) {
  std::string text;
  std::string_view rest = *flags_.pattern;
  while (!rest.empty()) {
    const std::size_t plain = std::min(rest.find_first_of("%\\"), rest.size());
    text += rest.substr(0, plain);
    rest.remove_prefix(plain);
    const std::string_view code = rest.substr(0, 2);
    text += expand(code, item);
    rest.remove_prefix(code.size());
  }
  session_->out.write(text);
}

// What one code of a template stands for; an unknown one stands for itself.
std::string ItemPrinter::expand(std::string_view code, const Item& item) const {
  constexpr std::array kEscapes{std::pair{std::string_view("%%"), '%'}, std::pair{std::string_view("\\n"), '\n'},
                                std::pair{std::string_view("\\t"), '\t'}, std::pair{std::string_view("\\\\"), '\\'}};
  for (const auto& [escape, character] : kEscapes) {
    if (code == escape) return std::string(1, character);
  }
  if (code.size() < 2 || code[0] != '%') return std::string(code);
  switch (code[1]) {
    case 'i': return std::to_string(item.index);
    case 'n': return std::to_string(item.count);
    case 'l': return std::to_string(item.bytes.size());
    case 's': return text_of(item);
    case 'x': return hex_digits(item.bytes);
    default: return std::string(code);
  }
}

// As hexdump prints: lines that repeat are one '*', because elements are mostly zero padding; after one that
// goes on to the end comes the offset of the end.
void ItemPrinter::print_hex(const Item& item) {
  session_->out.line(session_->style.bold(
      fmt::format("#{}  {}, {}", item.index, count_of(item.count, "element"), count_of(item.bytes.size(), "byte"))));
  bool starred = false;
  for (std::size_t at = 0; at < item.bytes.size(); at += kHexColumns) {
    const auto row = item.bytes.subspan(at, std::min(kHexColumns, item.bytes.size() - at));
    const bool repeats = at > 0 && std::ranges::equal(row, item.bytes.subspan(at - kHexColumns, kHexColumns));
    if (!repeats) session_->out.line(hex_line(at, row));
    if (repeats && !starred) session_->out.line("  *");
    starred = repeats;
  }
  if (starred) session_->out.line(fmt::format("  {:08x}", item.bytes.size()));
}

// Up to the first zero byte. Control characters stay in a pipe; a terminal is not for a payload to steer.
std::string ItemPrinter::text_of(const Item& item) const {
  const std::string_view all = as_characters(item.bytes);
  const std::string_view text = all.substr(0, all.find('\0'));
  return session_->style.terminal ? printable(text) : std::string(text);
}

void ItemPrinter::print_loss(const PopResult& result) {
  if (result.lost == 0) return;
  if (session_->globals.json) {
    cli::print_json_line(
        *session_, Json{{"lost", result.lost}, {"first_lost", result.first_lost}, {"last_lost", result.last_lost}});
    return;
  }
  session_->note(session_->style.yellow(loss_text(result)));
}

void ItemPrinter::print_hole(const Hole& hole) {
  const std::uint64_t last = hole.next - 1;
  if (session_->globals.json) {
    const std::uint64_t missing = hole.next - hole.index;
    cli::print_json_line(*session_, Json{{"missing", missing}, {"first_missing", hole.index}, {"last_missing", last}});
    return;
  }
  session_->note(fmt::format("-- hole {}..{}: reserved, not published; a reader waits there", hole.index, last));
}

void ItemPrinter::print_reset() {
  if (session_->globals.json) return cli::print_json_line(*session_, Json{{"reset", true}});
  session_->note("-- the queue was reset");
}

std::string loss_text(const PopResult& result) {
  return fmt::format("-- lost {} ({}..{})", count_of(result.lost, "element"), result.first_lost, result.last_lost);
}

std::string hex_digits(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{0xF})];
  }
  return text;
}

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k)
      word = word << 8 | (k < have ? std::to_integer<std::uint32_t>(bytes[at + k]) : 0);
    for (std::size_t k = 0; k < 4; ++k) text += k <= have ? kAlphabet[word >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

}  // namespace slickq::cli
