#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "bench/machine.hpp"
#include "table.hpp"
#include "values.hpp"

namespace slickq::peers {
namespace {

using cli::Json;
using cli::Table;

std::vector<const Entry*> fastest_first(const Contest& contest) {
  std::vector<const Entry*> entries;
  for (const Entry& entry : contest.entries) entries.push_back(&entry);
  std::ranges::stable_sort(entries, std::greater<>{}, [](const Entry* entry) { return entry->bytes_per_s(); });
  return entries;
}

// Of the same messages; nothing without slickq, or for what moves other messages.
std::optional<double> ratio_to_slickq(const Contest& contest, const Entry& entry) {
  const auto slickq =
      std::ranges::find_if(contest.entries, [](const Entry& other) { return other.contestant->name == "slickq"; });
  if (slickq == contest.entries.end() || entry.plan.elem != slickq->plan.elem) return {};
  return entry.speed().median / slickq->speed().median;
}

// Three digits that count.
std::string millions(double per_second) {
  const double value = per_second / 1e6;
  return fmt::format("{:.{}f}", value, value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3);
}

std::string ratio_text(const std::optional<double>& ratio) {
  return ratio ? fmt::format("{:.{}f}", *ratio, *ratio >= 0.1 ? 2 : 3) : "-";
}

std::string how_long(const Plan& plan) {
  if (plan.msgs) return fmt::format("{} messages", *plan.msgs);
  return fmt::format("{} ms", plan.duration / std::chrono::milliseconds(1));
}

void print_heading(cli::Session& session, const Plan& plan) {
  session.out.line(fmt::format("messages of {} bytes, one producer and one consumer on CPU {}, {} of {} each in turn",
                               plan.elem, fmt::join(plan.cpus, ","), cli::count_of(plan.reps, "repetition"),
                               how_long(plan)));
  session.out.line(describe(bench::this_machine()));
}

void print_copies(cli::Session& session, const std::vector<const Entry*>& entries) {
  for (const Entry* entry : entries) {
    if (entry->contestant->kind != Kind::copy) continue;
    const bench::Spread speed = entry->speed();
    const auto gigabytes = [&](double per_second) { return per_second * static_cast<double>(entry->plan.elem) / 1e9; };
    session.out.line(fmt::format("{}: {:.2f} GB/s (min {:.2f}, max {:.2f})", entry->contestant->title,
                                 gigabytes(speed.median), gigabytes(speed.min), gigabytes(speed.max)));
  }
}

Json row_json(const Contest& contest, const Entry& entry) {
  const Contestant& contestant = *entry.contestant;
  const bench::Spread speed = entry.speed();
  const bench::Sample total = entry.total();
  const auto ratio = ratio_to_slickq(contest, entry);
  Json row;
  row["name"] = contestant.name;
  row["title"] = contestant.title;
  row["kind"] = to_string(contestant.kind);
  row["where"] = to_string(contestant.where);
  row["batch"] = contestant.batch;
  row["elem"] = entry.plan.elem;
  row["capacity"] = entry.plan.size;
  row["rest_pauses"] = contestant.is_ours() ? Json(nullptr) : Json(entry.rest);
  row["remark"] = entry.remark.empty() ? Json(nullptr) : Json(entry.remark);
  row["delivered_per_s"] = Json{{"median", speed.median}, {"min", speed.min}, {"max", speed.max}};
  row["bytes_per_s"] = entry.bytes_per_s();
  row["ratio_to_slickq"] = ratio ? Json(*ratio) : Json(nullptr);
  row["sent"] = total.sent;
  row["received"] = total.received;
  row["lost"] = total.missing;
  row["loss_pct"] = bench::loss_percent(total);
  row["torn"] = total.torn;
  return row;
}

}  // namespace

void print_skipped(cli::Session& session, const Contest& contest) {
  for (const Skipped& skipped : contest.skipped) {
    session.note(fmt::format("bench_peers: {}: skipped: {}", skipped.contestant->name, skipped.reason));
  }
}

void print_text(cli::Session& session, const Contest& contest) {
  using Align = Table::Align;
  const std::vector<const Entry*> entries = fastest_first(contest);
  print_heading(session, contest.plan);
  Table table({{"queue"},
               {"where"},
               {"a call", Align::right},
               {"M msg/s", Align::right},
               {"min", Align::right},
               {"max", Align::right},
               {"x slickq", Align::right},
               {"loss %", Align::right},
               {"capacity", Align::right}});
  for (const Entry* entry : entries) {
    const Contestant& contestant = *entry->contestant;
    if (contestant.kind == Kind::copy) continue;
    const bench::Spread speed = entry->speed();
    table.add({std::string(contestant.title), std::string(to_string(contestant.where)),
               std::to_string(contestant.batch), millions(speed.median), millions(speed.min), millions(speed.max),
               ratio_text(ratio_to_slickq(contest, *entry)), fmt::format("{:.2f}", loss_percent(entry->total())),
               std::to_string(entry->plan.size)});
  }
  if (!table.empty()) table.print(session);
  print_copies(session, entries);
  for (const Entry* entry : entries) {
    if (!entry->remark.empty()) session.out.line(fmt::format("{}: {}", entry->contestant->title, entry->remark));
  }
}

Json to_json(const Contest& contest) {
  const Plan& plan = contest.plan;
  Json object;
  object["schema"] = "slickq.bench_peers/1";
  object["elem"] = plan.elem;
  object["capacity"] = plan.size;
  object["reps"] = plan.reps;
  object["msgs"] = plan.msgs ? Json(*plan.msgs) : Json(nullptr);
  object["duration_s"] = plan.msgs ? Json(nullptr) : Json(1e-9 * static_cast<double>(plan.duration.count()));
  object["rows"] = Json::array();
  for (const Entry* entry : fastest_first(contest)) object["rows"].push_back(row_json(contest, *entry));
  object["skipped"] = Json::array();
  for (const Skipped& skipped : contest.skipped) {
    object["skipped"].push_back(Json{{"name", skipped.contestant->name}, {"reason", skipped.reason}});
  }
  object["machine"] = machine_json(bench::this_machine(), plan.cpus);
  return object;
}

}  // namespace slickq::peers
