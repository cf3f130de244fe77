#include "result.hpp"

#include <fmt/format.h>

#include "../json.hpp"
#include "../table.hpp"
#include "../values.hpp"

namespace slickq::bench {
namespace {

using cli::Json;
using cli::Table;

// All series of a result that has a name in the output, the measured one first.
std::vector<const Series*> all_series(const Result& result) {
  std::vector<const Series*> all{&result.measured};
  if (result.reference) all.push_back(&*result.reference);
  if (result.bare) all.push_back(&*result.bare);
  for (const Series& series : result.sweep) all.push_back(&series);
  return all;
}

Json latency_json(const Histogram& latency) {
  if (latency.count() == 0) return nullptr;
  Json object;
  for (const Percentile& p : kPercentiles) object[std::string(p.key)] = latency.percentile(p.percent);
  return object;
}

Json spread_json(const Spread& spread) {
  return Json{{"median", spread.median}, {"min", spread.min}, {"max", spread.max}};
}

std::uint64_t median_sent(const Series& series) {
  std::vector<double> sent;
  for (const Sample& sample : series.samples) sent.push_back(static_cast<double>(sample.sent));
  return static_cast<std::uint64_t>(spread_of(std::move(sent)).median);
}

void add_plan(Json& object, const Series& series) {
  const Plan& plan = series.plan;
  object["mode"] = to_string(plan.mode);
  object["producers"] = plan.producers;
  object["consumers"] = plan.consumers;
  object["producer"] = to_string(plan.producer);
  object["batch"] = plan.batch;
  object["burst"] = plan.burst;
  object["read"] = to_string(plan.read);
  object["elem"] = plan.elem;
  object["size"] = plan.size;
  object["layout"] = slickq::to_string(plan.layout);
  object["wait"] = to_string(plan.wait);
  object["rate"] = plan.mode == Mode::rate ? Json(plan.rate) : Json(nullptr);
  object["reps"] = plan.reps;
  object["msgs"] = median_sent(series);
}

void add_instructions(Json& object, const Instructions& instructions) {
  Json push;
  Json pop;
  for (const Instructions::Count& count : instructions.counts) {
    push[count.kind] = count.push;
    pop[count.kind] = count.pop;
  }
  object["instructions_per_push"] = std::move(push);  // null when there are none
  object["instructions_per_pop"] = std::move(pop);
  if (!instructions.absent.empty()) object["instructions_absent"] = instructions.absent;
}

// "12.3": millions, or thousands where that would be 0.0.
std::string millions(double per_second) {
  return per_second < 1e5 ? fmt::format("{:.4f}", per_second / 1e6) : fmt::format("{:.2f}", per_second / 1e6);
}

void add_row(Table& table, const Series& series) {
  const Spread spread = delivered_per_s(series);
  const Sample total = total_of(series);
  table.add({series.name, std::to_string(series.plan.elem), millions(spread.median), millions(spread.min),
             millions(spread.max), fmt::format("{:.2f}", loss_percent(total)), fmt::format("{:.2f}", total.cpu_s)});
}

void print_throughput(cli::Session& session, const Result& result) {
  using Align = Table::Align;
  Table table({{"delivered"},
               {"bytes", Align::right},
               {"M msg/s", Align::right},
               {"min", Align::right},
               {"max", Align::right},
               {"loss %", Align::right},
               {"CPU s", Align::right}});
  for (const Series* series : all_series(result)) add_row(table, *series);
  table.print(session);
  if (const auto ratio = ratio_to_reference(result)) {
    session.out.line(fmt::format("ratio to reference: {:.2f}", *ratio));
  }
}

void print_latency(cli::Session& session, const Result& result) {
  std::vector<Table::Column> columns{{"latency, ns one way"}};
  for (const Percentile& p : kPercentiles) columns.push_back({std::string(p.title), Table::Align::right});
  Table table(std::move(columns));
  for (const Series* series : all_series(result)) {
    const Histogram latency = total_of(*series).latency;
    if (latency.count() == 0) continue;
    std::vector<std::string> cells{series->name};
    for (const Percentile& p : kPercentiles) cells.push_back(std::to_string(latency.percentile(p.percent)));
    table.add(std::move(cells));
  }
  if (!table.empty()) table.print(session);
  if (const auto ratio = ratio_to_bare(result)) {
    session.out.line(fmt::format("ratio to two bare cache lines, at p50: {:.2f}", *ratio));
  }
}

void print_instructions(cli::Session& session, const Instructions& instructions) {
  if (!instructions.absent.empty()) {
    session.out.line(fmt::format("instructions: not counted: {}", instructions.absent));
    return;
  }
  Table table({{"instructions"}, {"push", Table::Align::right}, {"pop", Table::Align::right}});
  for (const Instructions::Count& count : instructions.counts) {
    table.add({count.kind, fmt::format("{:.1f}", count.push), fmt::format("{:.1f}", count.pop)});
  }
  table.print(session);
}

std::string describe(const Plan& plan) {
  std::string text =
      fmt::format("{}: {} ({}), {}, {}, {}", to_string(plan.mode), cli::count_of(plan.producers, "producer"),
                  to_string(plan.producer), cli::count_of(plan.consumers, "consumer"), plan.geometry().describe(),
                  to_string(plan.read));
  if (plan.batch > 1) text += fmt::format(", batches of {}", plan.batch);
  if (plan.burst > 1) text += fmt::format(", bursts of {}", plan.burst);
  if (plan.mode == Mode::rate) text += fmt::format(", {:.0f} messages/s", plan.rate);
  return text + fmt::format(", {}", cli::count_of(plan.reps, "repetition"));
}

}  // namespace

std::optional<double> ratio_to_reference(const Result& result) {
  if (!result.reference) return std::nullopt;
  return delivered_per_s(result.measured).median / delivered_per_s(*result.reference).median;
}

std::optional<double> ratio_to_bare(const Result& result) {
  if (!result.bare) return std::nullopt;
  const auto p50 = [](const Series& series) { return static_cast<double>(total_of(series).latency.percentile(50)); };
  return p50(result.measured) / std::max(p50(*result.bare), 1.0);
}

void print_text(cli::Session& session, const Result& result) {
  const Plan& plan = result.measured.plan;
  session.out.line(describe(plan));
  session.out.line(fmt::format("on CPU {}: {}", fmt::join(plan.cpus, ","), bench::describe(result.machine)));
  print_throughput(session, result);
  print_latency(session, result);
  if (result.instructions) print_instructions(session, *result.instructions);
  if (!result.picture.empty()) session.out.line(fmt::format("picture: {}", result.picture));
}

void print_json(cli::Session& session, const Result& result) {
  const Sample total = total_of(result.measured);
  Json object = cli::json_object(session);
  add_plan(object, result.measured);
  object["delivered_per_s"] = spread_json(delivered_per_s(result.measured));
  object["loss_pct"] = loss_percent(total);
  object["torn"] = total.torn;
  object["sent"] = total.sent;
  object["received"] = total.received;
  object["lost"] = total.missing;
  object["elements"] = Json{{"distance", total.distance}, {"lost", total.lost}, {"skipped", total.skipped}};
  object["latency_ns"] = latency_json(total.latency);
  if (result.bare) {
    object["bare_latency_ns"] = latency_json(total_of(*result.bare).latency);
    object["ratio_to_bare"] = *ratio_to_bare(result);
  }
  if (result.reference) {
    object["reference_per_s"] = spread_json(delivered_per_s(*result.reference));
    object["ratio_to_reference"] = *ratio_to_reference(result);
  }
  if (result.instructions) add_instructions(object, *result.instructions);
  if (!result.picture.empty()) {
    object["picture"] = result.picture;
    Json sweep = Json::array();
    for (const Series& series : result.sweep) {
      Json one;
      one["name"] = series.name;
      add_plan(one, series);
      one["delivered_per_s"] = spread_json(delivered_per_s(series));
      one["latency_ns"] = latency_json(total_of(series).latency);
      sweep.push_back(std::move(one));
    }
    object["sweep"] = std::move(sweep);
  }
  object["cpu_s"] = total.cpu_s;
  object["machine"] = machine_json(result.machine, result.measured.plan.cpus);
  cli::print_json(session, object);
}

void print_csv(cli::Session& session, const Result& result) {
  std::string header =
      "name,repetition,mode,producers,consumers,producer,batch,burst,read,elem,size,layout,seconds,sent,received,lost,"
      "delivered_per_s,cpu_s";
  for (const Percentile& p : kPercentiles) header += fmt::format(",{}_ns", p.key);
  session.out.line(header);
  for (const Series* series : all_series(result)) {
    const Plan& plan = series->plan;
    for (std::size_t k = 0; k < series->samples.size(); ++k) {
      const Sample& sample = series->samples[k];
      std::string row = fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}", series->name, k + 1,
                                    to_string(plan.mode), plan.producers, plan.consumers, to_string(plan.producer),
                                    plan.batch, plan.burst, to_string(plan.read), plan.elem, plan.size,
                                    slickq::to_string(plan.layout), sample.seconds, sample.sent, sample.received,
                                    sample.missing, sample.delivered_per_s, sample.cpu_s);
      for (const Percentile& p : kPercentiles) {
        row += sample.latency.count() == 0 ? "," : fmt::format(",{}", sample.latency.percentile(p.percent));
      }
      session.out.line(row);
    }
  }
}

}  // namespace slickq::bench
