// --unpack, --pack and -f: input is NUL-separated: what it is, the format, and bytes of an item.
#include <algorithm>
#include <vector>

#include "item_format.hpp"
#include "session.hpp"
#include "slickq/error.hpp"
#include "struct_format.hpp"
#include "target.hpp"

namespace slickq::fuzz {
namespace {

using cli::StructFormat;

void unpack(const std::string& text, std::span<const std::byte> record) {
  const StructFormat format = StructFormat::parse("--unpack", text);
  if (format.bytes() > record.size()) return;
  std::vector<std::string> texts;
  for (const StructFormat::Value& value : format.unpack(record)) texts.push_back(cli::to_text(value));
  require(texts.size() == format.values(), "each value is unpacked");
  try {
    require(format.pack(texts).size() == format.bytes(), "a record is as long as its format");
  } catch (const Error&) {  // what was unpacked need not be text that packs: "nan", control characters
  }
}

void print(const std::string& pattern, std::uint8_t form, std::span<const std::byte> item) {
  cli::Session session;
  session.verb = "dump";
  session.style.terminal = (form & 4) != 0;
  session.globals.json = (form & 8) != 0;
  cli::ItemFlags flags;
  flags.form = static_cast<cli::Form>(form & 3);
  if ((form & 16) != 0) {
    flags.unpack = StructFormat::parse("--unpack", pattern);
  } else if ((form & 32) != 0) {
    flags.pattern = pattern;
  }
  const auto element = static_cast<std::uint32_t>(std::max<std::size_t>(item.size(), 1));
  cli::ItemPrinter printer(session, flags, element);
  printer.print(7, 1, item);
}

}  // namespace

void run(std::span<const std::byte> input) {
  Parts parts(input);
  const std::uint8_t form = parts.byte();
  const std::string text = parts.word();
  const std::span<const std::byte> item = parts.rest().first(std::min<std::size_t>(parts.rest().size(), 4096));
  try {
    unpack(text, item);
  } catch (const Error& error) {
    require(error.code() == Errc::invalid_argument, "a bad format is a bad argument");
  }
  try {
    print(text, form, item);
  } catch (const Error& error) {
    require(error.code() == Errc::invalid_argument, "a bad format is a bad argument");
  }
}

}  // namespace slickq::fuzz
