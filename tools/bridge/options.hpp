// The command line of slickq-bridge.
//
// Thread safety: one thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "connection.hpp"
#include "packing.hpp"
#include "publisher.hpp"
#include "status.hpp"
#include "stream.hpp"

namespace slickq::bridge {

struct Options {
  Direction direction = Direction::out;
  std::string queue;
  std::string shm_dir;  ///< never empty after parse_options()
  Endpoint endpoint;
  StreamRules stream;
  StatusPlaces places;
  std::chrono::nanoseconds drain = std::chrono::seconds(5);
  bool status = false;
  bool check = false;
  bool json = false;
  PublishLimits publish;  ///< out
  PackLimits pack;        ///< out
  std::string durable;    ///< in: name of the consumer on the server
  std::string pace;       ///< in: cursors of the target, with commas between them
  mode_t mode = 0660;     ///< in: of a target that is created
};

struct Parsed {
  Options options;
  std::optional<std::string> help;  ///< --help or --version was given: this is the answer
};

/// `arguments` without the program's name. Throws Error(invalid_argument).
Parsed parse_options(const std::vector<std::string>& arguments);

}  // namespace slickq::bridge
