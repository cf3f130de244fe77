// The files in config/ say the same as the code.
#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "config.hpp"

using nlohmann::json;
using namespace slickqd;

namespace {

std::string shipped(const std::string& name) { return std::string(SLICKQ_SOURCE_DIR "/config/") + name; }

// What the reader lists as known at an object: asked by a key that is near to none.
std::set<std::string> known_keys(const std::string& before, const std::string& after) {
  try {
    parse_config("f", before + "\"zzzzzzzzzzzz\":0" + after);
  } catch (const ConfigError& error) {
    const std::string& text = error.problem();
    std::istringstream list(text.substr(text.rfind("known here: ") + 12));
    std::set<std::string> keys;
    for (std::string key; std::getline(list, key, ',');) keys.insert(key.substr(key.find_first_not_of(' ')));
    return keys;
  }
  return {};
}

std::set<std::string> keys_of(const json& schema) {
  std::set<std::string> keys;
  for (const auto& [key, value] : schema.at("properties").items()) keys.insert(key);
  return keys;
}

}  // namespace

TEST_CASE("the example config is good") {
  const Config config = load_config(shipped("slickqd.example.json"));
  CHECK(config.queues.size() == 2);
}

TEST_CASE("the schema has exactly the keys the reader knows") {
  std::ifstream file(shipped("slickqd.schema.json"));
  const json schema = json::parse(file);
  CHECK(keys_of(schema) == known_keys("{", "}"));
  for (const char* section : {"monitor", "orphans", "control", "metrics", "log"}) {
    CAPTURE(section);
    CHECK(keys_of(schema["properties"][section]) == known_keys("{\"" + std::string(section) + "\":{", "}}"));
  }
  const json& queue = schema["$defs"]["queue"];
  CHECK(keys_of(queue) == known_keys("{\"queues\":[{", "}]}"));
  for (const char* part : {"stall", "lag"}) {
    CAPTURE(part);
    const std::string before = R"({"queues":[{"name":"q","size":8,"elem":4,")" + std::string(part) + "\":{";
    CHECK(keys_of(queue["properties"][part]) == known_keys(before, "}}]}"));
  }
}
