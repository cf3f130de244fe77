// How items are printed: by dump, tail and pop alike.
//
// Thread safety: one thread.
// Contract: an item is printed whole or not at all; JSON is one object a line: index, count, bytes, data_hex,
// and with
// --unpack the values of each element.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "session.hpp"
#include "slickq/consumer.hpp"
#include "slickq/scan.hpp"
#include "struct_format.hpp"

namespace slickq::cli {

enum class Form : std::uint8_t { hex, text, raw, base64 };

struct ItemFlags {
  Form form = Form::hex;
  std::optional<std::string> pattern;  ///< %i index, %n elements, %l bytes, %s text, %x hex
  std::optional<StructFormat> unpack;
};

/// `template_names`: "--template", or "-f,--template" where -f is free.
void declare_item_flags(Arguments& arguments, ItemFlags& flags, std::string template_names);

class ItemPrinter {
 public:
  /// Throws Error(invalid_argument) when the record of --unpack is longer than an element.
  ItemPrinter(Session& session, const ItemFlags& flags, std::uint32_t element_size);

  /// The next item's elements; may have any content.
  void print(std::uint64_t index, std::uint32_t count, std::span<const std::byte> elements);
  /// What `result` lost, if anything: a remark, "-- lost 12 elements (100..111)"; with --json a line of its own among
  /// those of the items, with the keys lost, first_lost and last_lost.
  void print_loss(const PopResult& result);
  /// Elements that are reserved and not published: a remark, or a line with missing, first_missing and last_missing.
  void print_hole(const Hole& hole);
  /// The queue was emptied, indexes begin anew: a remark, or the line {"reset": true}.
  void print_reset();

 private:
  struct Item {
    std::uint64_t index;
    std::uint32_t count;
    std::span<const std::byte> bytes;
  };
  void print_json(const Item& item);
  void print_values(const Item& item);
  void print_pattern(const Item& item);
  std::string expand(std::string_view code, const Item& item) const;
  void print_hex(const Item& item);
  std::string text_of(const Item& item) const;

  Session* session_;
  ItemFlags flags_;
  std::uint32_t element_size_;
};

/// "-- lost 12 elements (100..111)" for what `result` skipped.
std::string loss_text(const PopResult& result);

std::string hex_digits(std::span<const std::byte> bytes);
std::string base64(std::span<const std::byte> bytes);

}  // namespace slickq::cli
