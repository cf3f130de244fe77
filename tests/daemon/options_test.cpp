#include "options.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "exit_code.hpp"

using namespace slickqd;

namespace {

std::string refusal(const std::vector<const char*>& arguments) {
  try {
    parse_options(arguments);
    return "";
  } catch (const Failure& failure) {
    CHECK(failure.code() == ExitCode::usage);
    return failure.what();
  }
}

}  // namespace

TEST_CASE("every flag of the interface is understood") {
  const std::vector<const char*> arguments{"--config", "/a", "--foreground", "--dry-run"};
  const Options options = parse_options(arguments);
  CHECK(options.config == "/a");
  CHECK(options.foreground);
  CHECK(options.mode == Options::Mode::dry_run);
  const std::vector<const char*> check{"--config=/b", "--check-config"};
  CHECK(parse_options(check).config == "/b");
  CHECK(parse_options(check).mode == Options::Mode::check_config);
  CHECK(parse_options({}).config == "/etc/slickq/slickqd.json");
}

TEST_CASE("a wrong command line says what is meant") {
  CHECK(refusal({"--dryrun"}).find("did you mean \"--dry-run\"?") != std::string::npos);
  CHECK(refusal({"start"}).find("unknown argument start") != std::string::npos);
  CHECK(refusal({"--config"}) == "--config needs a value: FILE");
  CHECK(refusal({"--config="}) == "--config needs a value: FILE");
  CHECK(refusal({"--dry-run=1"}) == "--dry-run takes no value");
}

TEST_CASE("the usage names every exit code") {
  for (const char* code : {"0 ok", "64", "69", "70", "71", "73", "75", "77", "78"}) {
    CHECK(usage().find(code) != std::string::npos);
  }
}
