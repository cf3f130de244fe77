// What a benchmark found, and its printers: text for people, JSON, CSV.
//
// Thread safety: one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../session.hpp"
#include "machine.hpp"
#include "series.hpp"

namespace slickq::bench {

/// Instructions per message.
struct Instructions {
  struct Count {
    std::string kind;  ///< "multi", "single", "batch16"
    double push;
    double pop;
  };
  std::vector<Count> counts{};
  std::string absent{};  ///< why there are none; empty when there are
};

struct Result {
  Series measured;
  std::optional<Series> reference;  ///< with --vs-reference
  std::optional<Series> bare;       ///< with pingpong
  std::optional<Instructions> instructions;
  std::vector<Series> sweep;  ///< with --plot
  std::string picture;        ///< the file, with --plot
  Machine machine;
};

/// measured / reference, medians of delivered messages.
std::optional<double> ratio_to_reference(const Result& result);
/// measured / bare, at p50.
std::optional<double> ratio_to_bare(const Result& result);

void print_text(cli::Session& session, const Result& result);
void print_json(cli::Session& session, const Result& result);
/// A header and one row a repetition.
void print_csv(cli::Session& session, const Result& result);

}  // namespace slickq::bench
