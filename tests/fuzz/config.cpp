// A configuration of slickqd.
#include "config.hpp"

#include "target.hpp"

namespace slickq::fuzz {

void run(std::span<const std::byte> input) {
  try {
    const slickqd::Config config = slickqd::parse_config("slickqd.json", std::string(text_of(input)));
    require(!config.shm_dir.empty(), "a configuration names its directory");
  } catch (const slickqd::ConfigError& error) {
    require(error.what()[0] != '\0', "an error says why");
  }
}

}  // namespace slickq::fuzz
