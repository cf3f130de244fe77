#include "service.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "control.hpp"
#include "dir_watch.hpp"
#include "early_round.hpp"
#include "instance_lock.hpp"
#include "logout_risk.hpp"
#include "plan.hpp"
#include "slickq/error.hpp"
#include "slickq/truncation.hpp"
#include "slickq/version.hpp"
#include "supervisor.hpp"
#include "tcp_server.hpp"
#include "units.hpp"

namespace slickqd {
namespace {

namespace asio = boost::asio;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// No watchdog of a sensible length barks before.
constexpr std::chrono::seconds kWorthTelling{5};
// What the removal of one queue at the end takes at most, on a machine with very many processes.
constexpr std::chrono::seconds kStopStep{30};

class Service {
 public:
  Service(Config config, const Clock& clock, Log& log, const Notify& notify)
      : clock_(clock),
        log_(log),
        notify_(notify),
        lock_(config.control.socket),
        supervisor_(std::move(config), clock,
                    [this](EventKind kind, const nlohmann::ordered_json& line) { tell(kind, line); }),
        signals_(io_, SIGTERM, SIGINT, SIGHUP),
        timer_(io_),
        early_timer_(io_),
        dir_watch_(
            io_, supervisor_.config().shm_dir,
            [this](std::string_view name) { return is_configured(supervisor_.config(), name); },
            [this] { names_changed(); }) {}

  void run() {
    // Twice as often as the watchdog wants, at least: a sign of life follows a finished round and nothing else.
    if (const auto watchdog = notify_.watchdog()) {
      supervisor_.longest_interval(std::max(duration_cast<milliseconds>(*watchdog / 2), milliseconds(1)));
    }
    supervisor_.before_making([this](std::uint64_t bytes) {
      const auto time = time_to_make(bytes);
      if (time >= kWorthTelling) notify_.takes(time);
    });
    // The socket first: where it cannot be made, nothing else was. Who connects early is answered after a first round.
    control_.emplace(io_, supervisor_.config().control, backend());
    if (const auto& listen = supervisor_.config().metrics.listen) tcp_.emplace(io_, *listen, backend());
    supervisor_.start();
    warn();
    wait_for_signal();
    round();  // before READY: the first status anybody reads is a real one
    notify_.ready(status_line(*supervisor_.snapshot()));
    log_.write(LogLevel::info, fmt::format("slickqd {} is ready: {} in {}, control socket {}", SLICKQ_VERSION,
                                           count_of_queues(supervisor_.config().queues.size()),
                                           supervisor_.config().shm_dir, supervisor_.config().control.socket));
    next_round_ = std::chrono::steady_clock::now();
    wait_for_round();
    io_.run();
  }

 private:
  Backend backend() {
    return {.snapshot = [this] { return supervisor_.snapshot(); },
            .events = [this]() -> const EventLog& { return supervisor_.events(); },
            .history = [this](std::string_view name) { return supervisor_.history_of(name); },
            .reload = [this] { return reload(); },
            .plan = [this] { return supervisor_.plan_reload(); },
            .repair = [this](std::string_view name, const RepairWish& wish) { return repair(name, wish); },
            .collect_orphans = [this](bool dry_run) { return collect_orphans(dry_run); },
            .may_change =
                [this](const Peer& peer) { return may_change(peer, geteuid(), supervisor_.config().control.group); }};
  }

  void tell(EventKind kind, const nlohmann::ordered_json& line) {
    log_.event(kind, line);
    if (control_) control_->tell(line);
    if (tcp_) tcp_->tell(line);
  }

  // Of what the config allows and its author may not want.
  void warn() {
    warn_of_interval();
    const std::string risk = lost_at_logout(supervisor_.config());
    if (!risk.empty()) log_.write(LogLevel::warn, risk);
  }

  void warn_of_interval() {
    const auto wanted = supervisor_.config().monitor.interval;
    if (supervisor_.interval() < wanted) {
      log_.write(LogLevel::warn, fmt::format("/monitor/interval: {} ms is too long for systemd's watchdog: rounds are "
                                             "made every {} ms",
                                             wanted.count(), supervisor_.interval().count()));
    }
  }

  void wait_for_round() {
    // Fixed pace, but a round that took too long is not made up for.
    next_round_ = std::max(next_round_ + supervisor_.interval(), std::chrono::steady_clock::now());
    timer_.expires_at(next_round_);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error || stopping_) return;
      round();
      wait_for_round();
    });
  }

  // Once for a burst of changes; where the next round is due anyway it does.
  void names_changed() {
    supervisor_.names_changed();
    const Monotonic at = early_round_at(clock_.monotonic(), last_round_);
    if (early_round_waits_ || at >= next_round_) return;
    early_round_waits_ = true;
    early_timer_.expires_at(at);
    early_timer_.async_wait([this](const boost::system::error_code& error) {
      early_round_waits_ = false;
      if (!error && !stopping_) round();
    });
  }

  // Before the look at the directory: what happens behind it is told.
  void watch_directory() {
    std::string problem = dir_watch_.watch();
    if (problem != watch_problem_ && !problem.empty()) {
      log_.write(LogLevel::warn, fmt::format("{}: {}: what vanishes there is noticed by the periodic rounds only",
                                             supervisor_.config().shm_dir, problem));
    }
    watch_problem_ = std::move(problem);
  }

  void round() {
    watch_directory();
    const Monotonic begun = clock_.monotonic();
    supervisor_.round();
    last_round_ = {clock_.monotonic(), clock_.monotonic() - begun};
    tell_of_directory(supervisor_.snapshot()->shm_problem);
    tell_of_textfile(supervisor_.snapshot()->textfile_error);
    notify_.round_finished(status_line(*supervisor_.snapshot()));
  }

  // Once when it begins, once when it is over. A restart would not bring it back, so the signs of life go on.
  void tell_of_directory(const std::string& problem) {
    if (problem == shm_problem_) return;
    shm_problem_ = problem;
    const std::string& dir = supervisor_.config().shm_dir;
    if (problem.empty()) return log_.write(LogLevel::info, dir + " can be read again");
    log_.write(LogLevel::error, problem + ": every queue is missing until it is back");
  }

  // Once when it begins, once when it is over.
  void tell_of_textfile(const std::string& error) {
    if (error == textfile_error_) return;
    textfile_error_ = error;
    if (error.empty()) return log_.write(LogLevel::info, "metrics.textfile is written again, or no longer wanted");
    log_.write(LogLevel::warn, error);
  }

  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (signal != SIGHUP) return stop(signal);
      reload();
      wait_for_signal();
    });
  }

  // What was read before the sockets closed may get its turn after: answered with 503, as whatever cannot be done.
  void refuse_when_stopping() const {
    if (stopping_) throw slickq::Error(slickq::Errc::busy, "slickqd", "is stopping");
  }

  std::optional<nlohmann::ordered_json> repair(std::string_view name, const RepairWish& wish) {
    refuse_when_stopping();
    auto done = supervisor_.repair_as_asked(name, wish);
    if (done && !wish.dry_run) round();  // who asks for the status next sees what became of it
    return done;
  }

  nlohmann::ordered_json collect_orphans(bool dry_run) {
    refuse_when_stopping();
    auto done = supervisor_.collect_orphans(dry_run);
    if (!dry_run) round();
    return done;
  }

  ReloadResult reload() {
    refuse_when_stopping();
    notify_.reloading(clock_.monotonic());
    ReloadResult result = supervisor_.reload();
    if (result.ok) {
      log_.configure(supervisor_.config().log);
      warn();
      timer_.cancel();  // the interval may be another one
      next_round_ = std::chrono::steady_clock::now();
      wait_for_round();
    }
    round();  // who asks for the status next sees the verdict
    notify_.ready(status_line(*supervisor_.snapshot()));
    return result;
  }

  void stop(int signal) {
    stopping_ = true;  // a timer that has expired already is not cancelled any more
    notify_.stopping();
    log_.write(LogLevel::info, signal == SIGTERM ? "stopping: SIGTERM" : "stopping: SIGINT");
    timer_.cancel();
    early_timer_.cancel();
    dir_watch_.stop();
    control_->close();
    if (tcp_) tcp_->close();
    for (const std::string& line : supervisor_.stop([this] { notify_.takes(kStopStep); }))
      log_.write(LogLevel::warn, line);
  }

  const Clock& clock_;
  Log& log_;
  const Notify& notify_;
  InstanceLock lock_;
  Supervisor supervisor_;
  asio::io_context io_{1};
  asio::signal_set signals_;
  asio::steady_timer timer_;
  std::chrono::steady_clock::time_point next_round_{};
  asio::steady_timer early_timer_;
  bool early_round_waits_ = false;
  LastRound last_round_;
  DirWatch dir_watch_;
  std::string watch_problem_;
  std::optional<ControlServer> control_;
  std::optional<TcpServer> tcp_;
  std::string shm_problem_;
  std::string textfile_error_;
  bool stopping_ = false;
};

}  // namespace

void run_service(Config config, const Clock& clock, Log& log, const Notify& notify) {
  std::signal(SIGPIPE, SIG_IGN);  // a client or a log reader that went away
  std::signal(SIGXFSZ, SIG_IGN);  // a limit of file sizes: writing the textfile fails, and that is told
  slickq::survive_truncation();   // whoever may write to a queue must not be able to end us
  Service(std::move(config), clock, log, notify).run();
}

}  // namespace slickqd
