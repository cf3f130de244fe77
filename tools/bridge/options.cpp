#include "options.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "arguments.hpp"
#include "slickq/error.hpp"
#include "slickq/names.hpp"
#include "slickq/version.hpp"
#include "values.hpp"

namespace slickq::bridge {
namespace {

using cli::Arguments;
using cli::into;

constexpr const char* kUsage =
    "slickq-bridge - bring a queue to another machine by a NATS JetStream stream\n"
    "\n"
    "usage: slickq-bridge out QUEUE --server URL --stream S --subject T [flags]\n"
    "       slickq-bridge in QUEUE --server URL --stream S --subject T [flags]\n"
    "       slickq-bridge out|in QUEUE --status\n"
    "\n"
    "  out  from the queue into the stream\n"
    "  in   from the stream into the queue\n"
    "\n"
    "slickq-bridge out --help and slickq-bridge in --help tell of the flags.\n"
    "Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 permission, 5 condition not met, 6 damaged, 7 busy.\n";

std::uint64_t parse_count(std::string_view flag, std::string_view text) {
  const std::uint64_t number = cli::parse_number(flag, text);
  if (number == 0) throw Error(Errc::invalid_argument, std::string(flag), "it is at least 1");
  return number;
}

bool parse_discard(std::string_view flag, std::string_view text) {
  if (text == "old" || text == "new") return text == "new";
  throw Error(Errc::invalid_argument, std::string(flag), fmt::format("{}: old or new is meant", text));
}

void declare_common(Arguments& arguments, Options& options) {
  arguments.operand_or_flag("QUEUE", into(options.queue), "name of the queue");
  arguments.option("--server", "URL", into(options.endpoint.servers),
                   "nats://HOST:PORT or tls://HOST:PORT; several with commas between them");
  arguments.option("--stream", "NAME", into(options.stream.name), "the stream: of this queue alone");
  arguments.option("--subject", "SUBJECT", into(options.stream.subject), "its one subject");
  arguments.option("--creds", "FILE", into(options.endpoint.credentials), "JWT and seed of a NATS user");
  arguments.option("--tls-ca", "FILE", into(options.endpoint.tls_ca), "certificates to trust; turns TLS on");
  arguments.option("--tls-cert", "FILE", into(options.endpoint.tls_certificate), "certificate of the client");
  arguments.option("--tls-key", "FILE", into(options.endpoint.tls_key), "its key");
}

void declare_out(Arguments& arguments, Options& options, bool& no_create) {
  arguments.flag("--no-create", no_create, "an absent stream is waited for, not created");
  arguments.option(
      "--max-bytes", "SIZE",
      [&options](std::string_view flag, const std::string& text) {
        options.stream.max_bytes = static_cast<std::int64_t>(cli::parse_size(flag, text));
      },
      "of a stream that is created; 0: no limit (default 1G)");
  arguments.option("--discard", "WHICH", into(options.stream.discard_new, parse_discard),
                   "what a created stream does when it is full: remove the old, or refuse the new (default old)");
  arguments.option(
      "--replicas", "N",
      [&options](std::string_view flag, const std::string& text) {
        options.stream.replicas = static_cast<std::int64_t>(parse_count(flag, text));
      },
      "of a created stream, in a cluster (default 1)");
  arguments.option("--max-pending", "N", into(options.publish.pending, parse_count),
                   "messages under way at most (default 4096)");
  arguments.option("--max-pending-bytes", "SIZE", into(options.publish.pending_bytes, cli::parse_size),
                   "and their bytes (default 32M)");
}

void declare_in(Arguments& arguments, Options& options) {
  arguments.option("--durable", "NAME", into(options.durable),
                   "name of the consumer on the server (default slickq-HOST-QUEUE)");
  arguments.option("--pace", "CURSORS", into(options.pace),
                   "do not overwrite what these cursors of the queue have not passed; commas between them");
  arguments.option("--mode", "MODE", into(options.mode, cli::parse_mode),
                   "permissions of a queue that is created (default 0660)");
}

void declare_rest(Arguments& arguments, Options& options, bool& version) {
  arguments.option("--drain", "TIME", into(options.drain, cli::parse_duration),
                   "how long SIGTERM waits for what is under way (default 5s)");
  arguments.flag("--status", options.status, "print the state of the running bridge");
  arguments.flag("--check", options.check, "try whether it would work, change nothing");
  arguments.option("--status-file", "FILE", into(options.places.status_file), "where the state is kept");
  arguments.option("--metrics-file", "FILE", into(options.places.metrics_file),
                   "metrics for node_exporter's textfile collector");
  arguments.option("--shm-dir", "DIR", into(options.shm_dir), "where segments live (SLICKQ_SHM_DIR, else /dev/shm)");
  arguments.flag("--json", options.json, "print JSON");
  arguments.flag("--version", version, "the version of slickq");
}

// A consumer's name on the server knows no dots, blanks and wildcards.
std::string consumer_name(const std::string& queue) {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  std::string name = fmt::format("slickq-{}-{}", host, queue);
  for (char& c : name) {
    const bool fine =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!fine) c = '_';
  }
  return name;
}

void require(const std::string& value, const char* flag) {
  if (value.empty()) throw Error(Errc::invalid_argument, flag, "it is missing", "slickq-bridge --help");
}

void require_name(const std::string& value, const char* flag, std::string_view forbidden) {
  if (value.find_first_of(forbidden) == std::string::npos) return;
  throw Error(Errc::invalid_argument, flag, fmt::format("{}: the characters {} are not allowed", value, forbidden));
}

void settle(Options& options) {
  options.queue = segment_name(options.queue);
  if (options.shm_dir.empty()) options.shm_dir = default_shm_dir();
  if (options.places.status_file.empty()) {
    options.places.status_file = default_status_file(options.direction, options.queue, options.shm_dir);
  }
  if (options.status) return;
  require(options.endpoint.servers, "--server");
  require(options.stream.name, "--stream");
  require(options.stream.subject, "--subject");
  require_name(options.stream.name, "--stream", ".*> \t\r\n");
  require_name(options.stream.subject, "--subject", "*> \t\r\n");
  if (options.endpoint.tls_certificate.empty() != options.endpoint.tls_key.empty()) {
    throw Error(Errc::invalid_argument, "--tls-cert", "a certificate and its --tls-key go together");
  }
  if (options.durable.empty()) options.durable = consumer_name(options.queue);
  require_name(options.durable, "--durable", ".*> \t\r\n");
  options.endpoint.name = fmt::format("slickq-bridge {} {}", to_string(options.direction), options.queue);
}

Parsed parse_direction(Direction direction, const std::vector<std::string>& arguments) {
  Parsed parsed;
  Options& options = parsed.options;
  options.direction = direction;
  options.stream.max_bytes = std::int64_t{1} << 30;
  bool no_create = false;
  bool version = false;
  const bool out = direction == Direction::out;
  Arguments declared(fmt::format("slickq-bridge {}", to_string(direction)),
                     out ? "bring the items of a queue into a stream" : "bring the items of a stream into a queue");
  declare_common(declared, options);
  out ? declare_out(declared, options, no_create) : declare_in(declared, options);
  declare_rest(declared, options, version);
  parsed.help = declared.parse(arguments);
  if (parsed.help) return parsed;
  if (version) {
    parsed.help = "slickq-bridge " SLICKQ_VERSION "\n";
    return parsed;
  }
  options.stream.create = out && !no_create;
  settle(options);
  return parsed;
}

}  // namespace

Parsed parse_options(const std::vector<std::string>& arguments) {
  const std::string word = arguments.empty() ? "" : arguments.front();
  if (word == "--help" || word == "-h" || word == "help") return {{}, kUsage};
  if (word == "--version" || word == "version") return {{}, "slickq-bridge " SLICKQ_VERSION "\n"};
  // `slickq-bridge in --help --json` as well as `slickq-bridge --json in ...` would be: the direction comes first.
  const std::vector<std::string> rest(arguments.empty() ? arguments.end() : arguments.begin() + 1, arguments.end());
  if (word == "out") return parse_direction(Direction::out, rest);
  if (word == "in") return parse_direction(Direction::in, rest);
  throw Error(Errc::invalid_argument, word, "the first word is out or in", "slickq-bridge --help");
}

}  // namespace slickq::bridge
