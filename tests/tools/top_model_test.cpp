#include "top_model.hpp"

#include <doctest/doctest.h>

#include "slickq/error.hpp"

using namespace slickq;
using namespace slickq::cli;
using namespace std::chrono_literals;

namespace {

QueueSample live_queue(const std::string& name, double rate, std::uint64_t gap = 0) {
  QueueSample sample;
  sample.name = name;
  sample.geometry = Geometry::make(Layout::slq1, 8, 8);
  sample.published_per_s = rate;
  sample.scan.published = 100;
  sample.scan.reserved = 100 + gap;
  return sample;
}

std::string text_of(const TopLine& line) {
  std::string text;
  for (const TopSpan& span : line) text += span.text;
  return text;
}

struct TopUnderTest {
  TopModel model;
  explicit TopUnderTest(TopOptions options = {.shm_dir = "/dev/shm"}) : model(std::move(options)) {}

  void type(const std::string& keys) {
    for (const char key : keys) model.press({TopKey::Kind::text, std::string(1, key)});
  }
  void press(TopKey::Kind kind) { model.press({kind, {}}); }
  std::vector<std::string> lines(std::size_t width = 80, std::size_t height = 24) {
    std::vector<std::string> texts;
    for (const TopLine& line : model.render(width, height)) texts.push_back(text_of(line));
    return texts;
  }
  // The first words of the rows.
  std::string names(std::size_t height = 24) {
    const auto all = lines(80, height);
    std::string found;
    for (std::size_t k = 3; k + 1 < all.size(); ++k) found += all[k].substr(0, all[k].find(' ')) + " ";
    return found.substr(0, found.find("  "));
  }
};

TopUnderTest three_queues(TopOptions options = {.shm_dir = "/dev/shm"}) {
  TopUnderTest top(std::move(options));
  top.model.add_round({live_queue("a", 5, 1), live_queue("b", 50, 0), live_queue("c", 0.5, 2)});
  return top;
}

}  // namespace

TEST_CASE("the busiest queue is first; keys sort by a column, arrows by the next one, R reverses") {
  TopUnderTest top = three_queues();
  CHECK(top.names().starts_with("b a c"));
  top.type("R");
  CHECK(top.names().starts_with("c a b"));
  top.type("g");
  CHECK(top.names().starts_with("c a b"));
  CHECK(top.lines()[1] == "sort: gap falling");
  top.type("n");
  CHECK(top.names().starts_with("a b c"));
  CHECK(top.lines()[1] == "sort: name rising");
  top.type(">");
  CHECK(top.lines()[1] == "sort: rate falling");
  top.type("<<");
  CHECK(top.lines()[1] == "sort: state rising");
  top.press(TopKey::Kind::right);
  CHECK(top.lines()[1] == "sort: name rising");
}

TEST_CASE("what is not known sorts last in both directions") {
  TopUnderTest top;
  QueueSample unknown = live_queue("a", 0);
  unknown.published_per_s.reset();
  top.model.add_round({unknown, live_queue("b", 1), live_queue("c", 2)});
  CHECK(top.names().starts_with("c b a"));
  top.type("R");
  CHECK(top.names().starts_with("b c a"));
}

TEST_CASE("--sort and --filter are where it begins; an unknown column is a usage error with the nearest") {
  TopUnderTest top = three_queues({.shm_dir = "/dev/shm", .sort = "name", .filter = "B"});
  CHECK(top.names().starts_with("b"));
  CHECK(top.lines()[0].starts_with("1 of 3 queues"));
  try {
    TopUnderTest wrong({.shm_dir = "/dev/shm", .sort = "rat"});
    FAIL("there is no such column");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::invalid_argument);
    CHECK(error.remedy() == "did you mean rate?");
  }
}

TEST_CASE("the filter is typed, kept by Enter, cleared by Esc; its letters are no commands meanwhile") {
  TopUnderTest top;
  top.model.add_round({live_queue("quotes", 5), live_queue("tr\xC3\xA4"
                                                           "de",
                                                           1)});
  top.type("/qu");
  CHECK(!top.model.has_quit());
  CHECK(top.lines()[1] == "filter: qu_");
  CHECK(top.names().starts_with("quotes"));
  top.press(TopKey::Kind::backspace);
  top.press(TopKey::Kind::backspace);
  top.model.press({TopKey::Kind::text, "\xC3\xA4"});
  CHECK(
      top.lines()[3].starts_with("tr\xC3\xA4"
                                 "de"));
  top.press(TopKey::Kind::enter);
  CHECK(top.lines()[1] == "sort: rate falling  filter: \xC3\xA4");
  top.type("/");
  top.press(TopKey::Kind::backspace);  // a whole character, not a byte
  CHECK(top.lines()[1] == "filter: _");
  top.type("none");
  CHECK(top.lines()[3].starts_with("no queue's name holds"));
  top.press(TopKey::Kind::escape);
  CHECK(top.lines()[0].starts_with("2 queues"));
  top.type("q");
  CHECK(top.model.has_quit());
}

TEST_CASE("pause keeps what is shown; afterwards the newest is there") {
  TopUnderTest top = three_queues();
  top.type(" ");
  CHECK(top.lines()[0].starts_with("PAUSED"));
  top.model.add_round({live_queue("new", 7)});
  CHECK(top.names().starts_with("b a c"));
  top.type(" ");
  CHECK(top.names().starts_with("new"));
  CHECK(top.lines()[0].starts_with("1 queue "));
  top.type("  ");  // there and back without a round between
  CHECK(top.names().starts_with("new"));
}

TEST_CASE("the interval goes in steps, from wherever it began") {
  TopUnderTest top({.shm_dir = "/dev/shm", .interval = 3s});
  CHECK(top.lines()[0].find("every 3s") != std::string::npos);
  top.type("+");
  CHECK(top.model.interval() == 5s);
  top.type("--");
  CHECK(top.model.interval() == 1s);
  top.type("----------");
  CHECK(top.model.interval() == 100ms);
  CHECK(top.lines()[0].find("every 100ms") != std::string::npos);
  top.type("++++++++++++");
  CHECK(top.model.interval() == 60s);
}

TEST_CASE("more queues than lines are scrolled, never beyond the ends") {
  TopUnderTest top({.shm_dir = "/dev/shm", .sort = "name"});
  std::vector<QueueSample> samples;
  for (char c = 'a'; c <= 'z'; ++c) samples.push_back(live_queue(std::string(1, c), 1));
  top.model.add_round(samples);
  CHECK(top.names(8) == "a b c d ");
  top.press(TopKey::Kind::down);
  top.type("j");
  CHECK(top.names(8) == "c d e f ");
  top.press(TopKey::Kind::page_down);
  CHECK(top.names(8) == "g h i j ");
  top.press(TopKey::Kind::end);
  CHECK(top.names(8) == "w x y z ");
  top.press(TopKey::Kind::page_down);
  CHECK(top.names(8) == "w x y z ");
  top.press(TopKey::Kind::page_up);
  CHECK(top.names(8) == "s t u v ");
  top.press(TopKey::Kind::up);
  CHECK(top.names(8) == "r s t u ");
  top.press(TopKey::Kind::home);
  top.press(TopKey::Kind::up);
  CHECK(top.names(8) == "a b c d ");
}

TEST_CASE("help is there for any key to leave, and tells of each column's key") {
  TopUnderTest top = three_queues();
  top.type("?");
  const auto help = top.lines(80, 40);
  CHECK(help[0].starts_with("slickq top"));
  for (const LiveColumn& column : live_columns()) {
    const std::string line = std::string(1, column.key) + "            " + std::string(column.title);
    CHECK(std::ranges::count(help, line) == 1);
  }
  top.type("q");
  CHECK(!top.model.has_quit());
  CHECK(top.names().starts_with("b a c"));
}

TEST_CASE("no size of terminal breaks a line, with names that are long, wide, or hostile") {
  TopUnderTest top;
  top.model.add_round({live_queue(std::string(255, 'x'), 1e9, 123456789), live_queue("\x1B[2Jevil", 1),
                       live_queue("\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\xE6\x97\xA5\xE6\x9C\xAC", 2)});
  const auto check_all = [&] {
    for (std::size_t width = 1; width < 200; width += 1 + width / 8) {
      for (std::size_t height = 1; height < 40; height += 1 + height / 4) {
        CAPTURE(width);
        CAPTURE(height);
        const auto lines = top.lines(width, height);
        CHECK(lines.size() == height);
        for (const std::string& line : lines) {
          CHECK(text_width(line) <= width);
          CHECK(clean_text(line) == line);
        }
      }
    }
  };
  check_all();
  top.type("?");
  check_all();
  top.type("x/");
  check_all();
  top.model.add_round({});
  check_all();
}

TEST_CASE("an empty directory says so") {
  TopUnderTest top;
  top.model.add_round({});
  CHECK(top.lines()[0] == "0 queues  0/s  every 1s  /dev/shm");
  CHECK(top.lines()[3] == "no queues in /dev/shm");
}

TEST_CASE("the sparkline of a queue grows by the rounds, goes on in a pause, and goes with the queue") {
  TopUnderTest top({.shm_dir = "/dev/shm", .charset = Charset::ascii});
  const auto trend = [&] {
    const std::string cell = top.model.render(200, 24)[3][2].text;
    return cell.substr(cell.find_last_of(' ') + 1);
  };
  top.model.add_round({live_queue("q", 0)});
  top.model.add_round({live_queue("q", 100)});
  CHECK(trend() == "_#");
  top.type(" ");
  top.model.add_round({live_queue("q", 50)});
  top.type(" ");
  CHECK(trend() == "_#=");
  top.model.add_round({});
  top.model.add_round({live_queue("q", 1)});
  CHECK(trend() == "#");
}

TEST_CASE("states have their looks") {
  TopUnderTest top;
  QueueSample bad = live_queue("bad", 0);
  bad.sight = QueueSample::Sight::gone;
  QueueSample holes = live_queue("holes", 1);
  holes.lasting_holes = 2;
  top.model.add_round({bad, holes});
  const auto lines = top.model.render(80, 24);
  CHECK(lines[3].back().look == TopSpan::Look::notice);
  CHECK(lines[3].back().text == "2 holes");
  CHECK(lines[4].back().look == TopSpan::Look::alarm);
  CHECK(lines[2].front().look == TopSpan::Look::heading);
}
