#include "top_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <utility>

#include "did_you_mean.hpp"
#include "slickq/error.hpp"
#include "values.hpp"

namespace slickq::cli {
namespace {

using SpanLook = TopSpan::Look;
using namespace std::chrono_literals;

constexpr std::size_t kRatesKept = 64;
constexpr std::size_t kLinesAround = 4;  // summary, settings, headings, hint
constexpr std::array<std::chrono::nanoseconds, 9> kIntervals{100ms, 200ms, 500ms, 1s, 2s, 5s, 10s, 30s, 60s};
constexpr std::string_view kHint = "q quit  h help  / filter  < > sort  R reverse  space pause  + - interval";

// In two halves: what it says, and the keys for columns, which come from the columns.
constexpr std::string_view kHelp[] = {
    "slickq top: queues, live. It never writes to one, nor holds it.",
    "",
    "q, Ctrl-C    quit",
    "space        pause, and go on",
    "/            filter: names that hold a text; Enter keeps, Esc clears it",
    "<  >         sort by the column to the left, to the right",
    "R            reverse",
    "+  -         longer, shorter interval",
    "up, down, PgUp, PgDn, Home, End    scroll",
    "h, ?         this help; any key leaves it",
    "",
    "sort by a column:",
};

std::size_t find_live_column(std::string_view title) {
  std::vector<std::string> known;
  for (const LiveColumn& column : live_columns()) known.emplace_back(column.title);
  const auto found = std::ranges::find(known, title);
  if (found != known.end()) return static_cast<std::size_t>(found - known.begin());
  throw Error(Errc::invalid_argument, "--sort",
              fmt::format("'{}' is not a column; columns are {}", title, fmt::join(known, ",")),
              did_you_mean(title, known));
}

std::string interval_text(std::chrono::nanoseconds interval) {
  if (interval % 1s == 0s) return human_age(interval);
  return fmt::format("{}ms", interval / 1ms);
}

TopLine one_span(SpanLook look, std::string text) { return {TopSpan{look, std::move(text)}}; }

SpanLook look_for(Concern concern) {
  constexpr std::array kLooks{SpanLook::plain, SpanLook::notice, SpanLook::alarm};
  return kLooks[static_cast<std::size_t>(concern)];
}

// By case that people do not type; ASCII only, other letters have to be as they are.
std::string lower_ascii(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

void remove_last_character(std::string& text) {
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.back());
    text.pop_back();
    if ((byte & 0xC0U) != 0x80) return;
  }
}

}  // namespace

const TopModel::Command TopModel::kCommands[] = {
    {"qQ", &TopModel::quit},   {" ", &TopModel::pause},      {"h?", &TopModel::help},       {"/", &TopModel::filter},
    {"R", &TopModel::reverse}, {"<,", &TopModel::sort_left}, {">.", &TopModel::sort_right}, {"+=", &TopModel::slower},
    {"-_", &TopModel::faster}, {"k", &TopModel::line_up},    {"j", &TopModel::line_down},
};

TopModel::TopModel(TopOptions options) : options_(std::move(options)) { sort_by(find_live_column(options_.sort)); }

void TopModel::add_round(std::vector<QueueSample> samples) {
  std::set<std::string_view> present;
  for (const QueueSample& sample : samples) {
    std::deque<double>& rates = history_[sample.name];
    rates.push_back(sample.published_per_s.value_or(kUnknownValue));
    if (rates.size() > kRatesKept) rates.pop_front();
    present.insert(sample.name);
  }
  if (!paused_) std::erase_if(history_, [&](const auto& entry) { return !present.contains(entry.first); });
  (paused_ ? while_paused_ : samples_) = std::move(samples);
}

void TopModel::pause() {
  paused_ = !paused_;
  if (paused_) while_paused_ = samples_;
  if (!paused_) samples_ = std::move(while_paused_);
}

void TopModel::press(const TopKey& key) {
  if (editing_) return edit_filter(key);
  if (std::exchange(help_, false)) return;
  if (key.kind != TopKey::Kind::text) return press_special(key.kind);
  for (const Command& command : kCommands) {
    if (key.text.size() == 1 && command.keys.find(key.text) != std::string_view::npos) return (this->*command.run)();
  }
  for (std::size_t k = 0; k < live_columns().size(); ++k) {
    if (key.text == std::string_view(&live_columns()[k].key, 1)) sort_by(k);
  }
}

void TopModel::press_special(TopKey::Kind kind) {
  switch (kind) {
    case TopKey::Kind::left: return sort_left();
    case TopKey::Kind::right: return sort_right();
    case TopKey::Kind::up: return line_up();
    case TopKey::Kind::down: return line_down();
    case TopKey::Kind::page_up: first_row_ -= std::min(first_row_, page_); return;
    case TopKey::Kind::page_down: first_row_ += page_; return;
    case TopKey::Kind::home: first_row_ = 0; return;
    case TopKey::Kind::end: first_row_ = samples_.size(); return;  // render() takes back what is too far
    case TopKey::Kind::escape: options_.filter.clear(); return;
    default: return;
  }
}

void TopModel::edit_filter(const TopKey& key) {
  switch (key.kind) {
    case TopKey::Kind::text: options_.filter += clean_text(key.text); break;
    case TopKey::Kind::backspace: remove_last_character(options_.filter); break;
    case TopKey::Kind::enter: editing_ = false; break;
    case TopKey::Kind::escape:
      options_.filter.clear();
      editing_ = false;
      break;
    default: break;
  }
  first_row_ = 0;
}

void TopModel::line_up() { first_row_ -= std::min<std::size_t>(first_row_, 1); }

void TopModel::sort_by(std::size_t column) {
  sort_ = column;
  descending_ = live_columns()[column].value != nullptr;
  first_row_ = 0;
}

// To the next of the steps, whatever --interval began with.
void TopModel::change_interval(int step) {
  if (step > 0) {
    const auto longer = std::ranges::upper_bound(kIntervals, options_.interval);
    if (longer != kIntervals.end()) options_.interval = *longer;
  } else {
    const auto shorter = std::ranges::lower_bound(kIntervals, options_.interval);
    if (shorter != kIntervals.begin()) options_.interval = *(shorter - 1);
  }
}

std::vector<const QueueSample*> TopModel::rows() const {
  std::vector<const QueueSample*> rows;
  const std::string wanted = lower_ascii(options_.filter);
  for (const QueueSample& sample : samples_) {
    if (lower_ascii(clean_text(sample.name)).find(wanted) != std::string::npos) rows.push_back(&sample);
  }
  const LiveColumn& column = live_columns()[sort_];
  const auto before = [&](const QueueSample* a, const QueueSample* b) {
    if (column.value == nullptr) {
      const int order = column.cell(*a, Units::plain).compare(column.cell(*b, Units::plain));
      return descending_ ? order > 0 : order < 0;
    }
    const double left = column.value(*a);
    const double right = column.value(*b);
    // What is not known is last either way.
    if ((left < 0) != (right < 0)) return right < 0;
    return descending_ ? left > right : left < right;
  };
  std::ranges::stable_sort(rows, before);  // the samples come by name
  return rows;
}

std::vector<TopLine> TopModel::render(std::size_t width, std::size_t height) {
  std::vector<TopLine> lines;
  if (help_) {
    for (const std::string_view line : kHelp) lines.push_back(one_span(SpanLook::plain, clip_text(line, width)));
    for (const LiveColumn& column : live_columns()) {
      lines.push_back(
          one_span(SpanLook::plain, clip_text(fmt::format("{}            {}", column.key, column.title), width)));
    }
  } else {
    add_rows(lines, width, height);
  }
  lines.resize(height);
  return lines;
}

// On a terminal of few lines the rows go first, then what stands around them.
void TopModel::add_rows(std::vector<TopLine>& lines, std::size_t width, std::size_t height) {
  const auto all = rows();
  page_ = height > kLinesAround ? height - kLinesAround : 1;
  first_row_ = std::min(first_row_, all.size() > page_ ? all.size() - page_ : 0);
  lines.push_back(summary_line(width, all.size()));
  lines.push_back(settings_line(width));
  const auto placed = place_columns(natural_widths(samples_, Units::human), width, true);
  lines.push_back(heading_line(placed, width));
  const std::size_t end = std::min(all.size(), first_row_ + page_);
  for (std::size_t k = first_row_; k < end; ++k) lines.push_back(row_line(placed, *all[k]));
  if (all.empty()) {
    const std::string what = samples_.empty() ? "no queues in " + clean_text(options_.shm_dir, options_.charset)
                                              : std::string("no queue's name holds the filter's text; Esc clears it");
    lines.push_back(one_span(SpanLook::plain, clip_text(what, width)));
  }
  if (height > kLinesAround) {
    lines.resize(height - 1);
    lines.push_back(one_span(SpanLook::plain, clip_text(kHint, width)));
  }
}

TopLine TopModel::summary_line(std::size_t width, std::size_t shown) const {
  const double rate = std::accumulate(samples_.begin(), samples_.end(), 0.0, [](double sum, const QueueSample& s) {
    return sum + s.published_per_s.value_or(0);
  });
  const std::string queues = shown == samples_.size()
                                 ? count_of(shown, "queue")
                                 : fmt::format("{} of {}", shown, count_of(samples_.size(), "queue"));
  const std::string text =
      fmt::format("{}{}  {}/s  every {}  {}", paused_ ? "PAUSED  " : "", queues, human_count(rate),
                  interval_text(options_.interval), clean_text(options_.shm_dir, options_.charset));
  return one_span(SpanLook::bold, clip_text(text, width));
}

TopLine TopModel::settings_line(std::size_t width) const {
  const std::string filter = clean_text(options_.filter, options_.charset);
  if (editing_) return one_span(SpanLook::bold, clip_text(fmt::format("filter: {}_", filter), width));
  std::string text = fmt::format("sort: {} {}", live_columns()[sort_].title, descending_ ? "falling" : "rising");
  if (!filter.empty()) text += fmt::format("  filter: {}", filter);
  return one_span(SpanLook::plain, clip_text(text, width));
}

TopLine TopModel::heading_line(const std::vector<PlacedColumn>& placed, std::size_t width) const {
  TopLine line;
  std::size_t used = 0;
  for (const PlacedColumn& place : placed) {
    const bool trend = place.column == live_columns().size();
    const std::string_view title = trend ? "trend" : live_columns()[place.column].title;
    const std::string text =
        (used == 0 ? "" : "  ") + fit_text(title, place.width, !trend && live_columns()[place.column].number);
    used += text_width(text);
    line.push_back({SpanLook::heading, text});
  }
  line.push_back({SpanLook::heading, std::string(width - used, ' ')});
  return line;
}

TopLine TopModel::row_line(const std::vector<PlacedColumn>& placed, const QueueSample& sample) const {
  TopLine line;
  for (const PlacedColumn& place : placed) {
    if (!line.empty()) line.push_back({SpanLook::plain, "  "});
    if (place.column == live_columns().size()) {
      line.push_back({SpanLook::plain, fit_text(trend_of(sample.name, place.width), place.width, true)});
      continue;
    }
    const LiveColumn& column = live_columns()[place.column];
    const SpanLook look = column.title == "state" ? look_for(concern_of(sample)) : SpanLook::plain;
    line.push_back(
        {look, fit_text(live_cell(column, sample, Units::human, options_.charset), place.width, column.number)});
  }
  return line;
}

std::string TopModel::trend_of(const std::string& name, std::size_t width) const {
  const auto rates = history_.find(name);
  if (rates == history_.end()) return {};
  const std::vector<double> values(rates->second.begin(), rates->second.end());
  return sparkline(values, width, options_.charset);
}

}  // namespace slickq::cli
