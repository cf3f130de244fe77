#include "live_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace slickq;
using namespace slickq::cli;

namespace {

QueueSample queue_called(const std::string& name) {
  QueueSample sample;
  sample.name = name;
  sample.geometry = Geometry::make(Layout::slq1, 8, 8);
  sample.scan.reserved = 12;
  sample.scan.published = 10;
  return sample;
}

std::vector<std::string> titles_at(std::size_t width, const std::vector<QueueSample>& samples, bool trend = false) {
  std::vector<std::string> titles;
  for (const PlacedColumn& place : place_columns(natural_widths(samples, Units::human), width, trend)) {
    const bool spark = place.column == live_columns().size();
    titles.push_back(spark ? "trend" : std::string(live_columns()[place.column].title));
  }
  return titles;
}

std::string cell_of(std::string_view title, const QueueSample& sample, Units units = Units::plain) {
  const auto column = std::ranges::find(live_columns(), title, &LiveColumn::title);
  return live_cell(*column, sample, units);
}

}  // namespace

TEST_CASE("40 columns show the name, the rate, the gap, the lag and the state") {
  CHECK(titles_at(40, {queue_called("ticks")}, true) ==
        std::vector<std::string>{"name", "rate", "gap", "lag%", "state"});
  CHECK(titles_at(8, {queue_called("ticks")}, true) == std::vector<std::string>{"name"});
  CHECK(titles_at(1, {queue_called("ticks")}, true) == std::vector<std::string>{"name"});
}

TEST_CASE("a wide terminal shows every column in order, the trend behind the name") {
  std::vector<std::string> all{"name", "trend"};
  for (const LiveColumn& column : live_columns().subspan(1)) all.emplace_back(column.title);
  CHECK(titles_at(300, {queue_called("ticks")}, true) == all);
}

TEST_CASE("columns never take more than there is, whatever the width, and whatever the names") {
  const std::vector<QueueSample> samples{queue_called("q"), queue_called(std::string(255, 'x'))};
  for (std::size_t width = 0; width < 320; ++width) {
    CAPTURE(width);
    std::size_t used = 0;
    for (const PlacedColumn& place : place_columns(natural_widths(samples, Units::human), width, true)) {
      used += place.width + (used == 0 ? 0 : 2);
    }
    CHECK(used <= width);
  }
}

TEST_CASE("a long name gets the room before numbers that matter less") {
  const auto placed = place_columns(natural_widths({queue_called("a-name-of-16-xxx")}, Units::human), 60, true);
  CHECK(placed.front().width == 16);
}

TEST_CASE("a number is shown whole or not at all") {
  QueueSample sample = queue_called("q");
  sample.cursors.push_back({"c", 0, 12, 123456789.5, 0});
  CHECK(cell_of("lag%", sample) == "123456789.5");
  CHECK(cell_of("lag%", sample, Units::human) == "123M");
  const auto natural = natural_widths({sample}, Units::plain);
  for (const PlacedColumn& place : place_columns(natural, 70, false)) {
    if (live_columns()[place.column].number) CHECK(place.width >= natural[place.column]);
  }
}

TEST_CASE("cells of a queue without numbers are dashes, those of cursors the worst one's") {
  QueueSample sample = queue_called("q");
  CHECK(cell_of("rate", sample) == "-");
  CHECK(cell_of("gap", sample) == "2");
  CHECK(cell_of("cursor", sample) == "-");
  sample.cursors = {{"near", 11, 1, 12.5, 0}, {"far", 5, 7, 87.5, 0}};
  CHECK(cell_of("cursor", sample) == "far");
  CHECK(cell_of("lag", sample) == "7");
  CHECK(cell_of("lag%", sample) == "87.5");
  sample.sight = QueueSample::Sight::unreadable;
  sample.reason = "no\npermission";
  CHECK(cell_of("gap", sample) == "-");
  CHECK(cell_of("cursor", sample) == "-");
  CHECK(cell_of("state", sample) == "unreadable: no?permission");
}

TEST_CASE("every column has a key of its own, none of them one of the commands") {
  std::string keys;
  for (const LiveColumn& column : live_columns()) keys += column.key;
  std::ranges::sort(keys);
  CHECK(std::ranges::adjacent_find(keys) == keys.end());
  CHECK(keys.find_first_of("qQ h?/R<>,.+=-_kj") == std::string::npos);
}

TEST_CASE("a sparkline is scaled to its largest rate, nothing at all is told from little") {
  CHECK(sparkline(std::vector<double>{}, 8, Charset::ascii).empty());
  CHECK(sparkline(std::vector<double>{0, 0}, 8, Charset::ascii) == "__");
  CHECK(sparkline(std::vector<double>{-1, 0, 1, 50, 100}, 8, Charset::ascii) == " _.=#");
  CHECK(sparkline(std::vector<double>{1, 2, 3, 100}, 2, Charset::ascii) == ".#");
  CHECK(sparkline(std::vector<double>{0, 1}, 8, Charset::utf8) == "\xE2\x96\x81\xE2\x96\x88");
}
