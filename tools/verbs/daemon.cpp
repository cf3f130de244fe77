// slickq daemon status|reload: talks to slickqd's socket.
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <memory>

#include "../daemon_client.hpp"
#include "../json.hpp"
#include "../table.hpp"
#include "../verbs.hpp"

namespace slickq::cli {
namespace {

struct Options {
  std::string socket;
};

std::string socket_path(const Options& options) {
  if (!options.socket.empty()) return options.socket;
  const char* from_environment = std::getenv("SLICKQD_SOCKET");
  const bool set = from_environment != nullptr && *from_environment != '\0';
  return set ? from_environment : "/run/slickq/slickqd.sock";
}

Json parsed(const std::string& socket, const DaemonReply& reply) {
  Json object = Json::parse(reply.body, nullptr, false);
  if (object.is_discarded() || !object.is_object()) {
    throw Error(Errc::system, socket, fmt::format("the answer (HTTP {}) is not a JSON object", reply.status),
                "is it slickqd that listens there?");
  }
  return object;
}

// A cell of the table: what the daemon left out is '-'.
std::string cell(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "-";
  if (found->is_string()) return found->get<std::string>();
  if (found->is_number_float()) return fmt::format("{:.1f}", found->get<double>());
  if (found->is_array()) return std::to_string(found->size());
  if (found->is_object()) return cell(*found, "count");
  return found->dump();
}

struct StatusColumn {
  const char* title;
  const char* key;
  Table::Align align;
};

constexpr auto kLeft = Table::Align::left;
constexpr auto kRight = Table::Align::right;

constexpr std::array kColumns{
    StatusColumn{"name", "name", kLeft},
    StatusColumn{"state", "state", kLeft},
    StatusColumn{"layout", "layout", kLeft},
    StatusColumn{"capacity", "capacity", kRight},
    StatusColumn{"elem", "element_size", kRight},
    StatusColumn{"reserved", "reserved_index", kRight},
    StatusColumn{"published", "published_index", kRight},
    StatusColumn{"gap", "gap", kRight},
    StatusColumn{"holes", "holes", kRight},
    StatusColumn{"in/s", "published_per_s", kRight},
    StatusColumn{"holders", "holders", kRight},
    StatusColumn{"cursors", "cursors", kRight},
};

// Due ones are orphans; of the others is told why they are not, yet.
std::string orphan_text(const Json& orphan) {
  const std::string name = cell(orphan, "name");
  if (orphan.value("held", false)) return fmt::format("in use, else an orphan: {}", name);
  if (!orphan.value("due", true))
    return fmt::format("perhaps an orphan: {}, idle {} ms", name, cell(orphan, "idle_ms"));
  return "orphan " + name;
}

void print_status(Session& session, const Json& status) {
  const Json none = Json::object();
  const Json config = status.value("config", none);
  const bool reload_failed = !config.value("last_reload_ok", true);
  session.out.line(fmt::format("slickqd {}, pid {}, started {}, {} rounds, one every {} ms", cell(status, "version"),
                               cell(status, "pid"), cell(status, "started"), cell(status, "rounds"),
                               cell(status, "interval_ms")));
  session.out.line(fmt::format("config {}, loaded {}", cell(config, "file"), cell(config, "loaded")));
  if (reload_failed) {
    session.out.line(session.style.yellow(fmt::format("last reload failed: {}", cell(config, "last_error"))));
  }
  std::vector<Table::Column> titles;
  for (const StatusColumn& column : kColumns) titles.push_back({column.title, column.align});
  Table table(std::move(titles));
  for (const Json& queue : status.value("queues", Json::array())) {
    std::vector<std::string> cells;
    for (const StatusColumn& column : kColumns) cells.push_back(cell(queue, column.key));
    table.add(std::move(cells));
  }
  session.out.line("");
  table.print(session);
  for (const Json& orphan : status.value("orphans", Json::array())) {
    session.out.line(orphan_text(orphan));
  }
}

[[noreturn]] void refused(const std::string& socket, const DaemonReply& reply, const Json& object) {
  const bool forbidden = reply.status == 401 || reply.status == 403;
  throw Error(forbidden ? Errc::permission : Errc::system, socket,
              fmt::format("the daemon answers HTTP {}: {}", reply.status, cell(object, "error")));
}

Exit show_status(Session& session, const Options& options) {
  const std::string socket = socket_path(options);
  const DaemonReply reply = ask_daemon(socket, "GET", "/v1/status", std::chrono::seconds(10));
  const Json status = parsed(socket, reply);
  if (reply.status != 200) refused(socket, reply, status);
  session.globals.json ? print_json(session, status) : print_status(session, status);
  return Exit::ok;
}

// "FILE:LINE:COLUMN: error", as far as the daemon tells them: a file that cannot be read has no line.
std::string verdict_text(const Json& verdict) {
  std::string where;
  for (const char* key : {"file", "line", "column"}) {
    const std::string part = cell(verdict, key);
    if (part != "-" && part != "0") where += part + ":";
  }
  return where.empty() ? cell(verdict, "error") : where + " " + cell(verdict, "error");
}

Exit reload(Session& session, const Options& options) {
  const std::string socket = socket_path(options);
  // The daemon answers when the new configuration is in force, or refused: getting the memory of large queues takes
  // minutes. A daemon that ends meanwhile ends the connection, and the waiting.
  const DaemonReply reply = ask_daemon(socket, "POST", "/v1/reload", std::chrono::hours(1));
  const Json verdict = parsed(socket, reply);
  if (reply.status != 200 && reply.status != 422) refused(socket, reply, verdict);
  if (session.globals.json) {
    Json object = json_object(session);
    object.update(verdict);
    print_json(session, object);
  }
  if (!verdict.value("ok", false)) {
    throw Error(Errc::system, verdict_text(verdict), "reload refused, the old configuration stays in force");
  }
  if (!session.globals.json) session.out.line("reloaded");
  return Exit::ok;
}

std::shared_ptr<Options> declare_socket(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  arguments.option("--socket", "PATH", into(options->socket), "SLICKQD_SOCKET, else /run/slickq/slickqd.sock");
  return options;
}

}  // namespace

Run declare_daemon_status(Arguments& arguments) {
  const auto options = declare_socket(arguments);
  return [options](Session& session) { return show_status(session, *options); };
}

Run declare_daemon_reload(Arguments& arguments) {
  const auto options = declare_socket(arguments);
  arguments.epilogue(
      "Waits for the verdict: exit code 0 when the new configuration is in force, 1 when it was refused.");
  return [options](Session& session) { return reload(session, *options); };
}

}  // namespace slickq::cli
