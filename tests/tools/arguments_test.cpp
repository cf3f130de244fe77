#include "arguments.hpp"

#include <doctest/doctest.h>

#include "slickq/error.hpp"
#include "values.hpp"

using namespace slickq::cli;

namespace {

struct Line {
  std::string name;
  std::uint64_t size = 0;
  std::vector<std::string> messages;
  std::vector<std::string> values;
  bool all = false;
  Arguments arguments{"slickq try", "a verb to try"};

  Line() {
    arguments.operand_or_flag("NAME", into(name), "the name");
    arguments.rest("VALUE", append_to(values), "values", Arguments::Need::optional);
    arguments.option("-s,--size", "N", into(size, parse_size), "the size");
    arguments.option("-m,--message", "TEXT", append_to(messages), "messages", Arguments::Times::many);
    arguments.flag("-a,--all", all, "all");
  }
};

std::string remedy_of(const std::vector<std::string>& words) {
  try {
    Line().arguments.parse(words);
    return "accepted";
  } catch (const slickq::Error& error) {
    CHECK(error.code() == slickq::Errc::invalid_argument);
    return error.object() + ": " + error.cause() + " | " + error.remedy();
  }
}

}  // namespace

TEST_CASE("flags and operands may stand in any order") {
  Line line;
  CHECK(!line.arguments.parse({"--size", "4K", "ticks", "-a", "x", "--message=one", "-m", "two"}));
  CHECK(line.name == "ticks");
  CHECK(line.size == 4096);
  CHECK(line.all);
  CHECK(line.messages == std::vector<std::string>{"one", "two"});
  CHECK(line.values == std::vector<std::string>{"x"});
}

TEST_CASE("with --name all operands are the others") {
  Line line;
  line.arguments.parse({"--name", "ticks", "1", "2"});
  CHECK(line.name == "ticks");
  CHECK(line.values == std::vector<std::string>{"1", "2"});
}

TEST_CASE("negative numbers are operands, and values may begin with a dash or a bracket") {
  Line line;
  line.arguments.parse({"ticks", "-1", "-2.5", "[x,y]", "-m", "--size", "-m", "[1,2]", "-m", ""});
  CHECK(line.values == std::vector<std::string>{"-1", "-2.5", "[x,y]"});
  CHECK(line.messages == std::vector<std::string>{"--size", "[1,2]", ""});
}

TEST_CASE("after -- everything is an operand") {
  Line line;
  line.arguments.parse({"ticks", "--", "-x", "--size"});
  CHECK(line.values == std::vector<std::string>{"-x", "--size"});
}

TEST_CASE("mistakes are told with what helps") {
  CHECK(remedy_of({"ticks", "--sise", "3"}) == "--sise: unknown flag | did you mean --size?");
  CHECK(remedy_of({"ticks", "--xyzzy"}) == "--xyzzy: unknown flag | 'slickq try --help' lists the flags");
  CHECK(remedy_of({}) == "NAME: missing | 'slickq try --help' shows how");
  CHECK(remedy_of({"ticks", "--size", "1", "--size", "2"}) == "--size: given more than once | ");
  CHECK(remedy_of({"ticks", "--size", "big"}) == "--size: 'big' is not a size such as 1024, 64K, 1M or 2G | ");
  CHECK(remedy_of({"ticks", "--size"}) == "--size: needs a value | 'slickq try --help' lists the flags");
}

TEST_CASE("--help tells every flag and operand, also beside mistakes") {
  Line line;
  const auto help = line.arguments.parse({"--xyzzy", "-h"});
  REQUIRE(help);
  for (const char* part : {"a verb to try", "usage: slickq try NAME [VALUE...]", "-s, --size N", "-a, --all"}) {
    CAPTURE(part);
    CHECK(help->find(part) != std::string::npos);
  }
}
