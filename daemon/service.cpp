#include "service.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <utility>

#include "control.hpp"
#include "instance_lock.hpp"
#include "slickq/error.hpp"
#include "slickq/version.hpp"
#include "supervisor.hpp"
#include "units.hpp"

namespace slickqd {
namespace {

namespace asio = boost::asio;
using std::chrono::microseconds;
using std::chrono::milliseconds;

class Service {
 public:
  Service(Config config, const Clock& clock, Log& log, const Notify& notify)
      : clock_(clock),
        log_(log),
        notify_(notify),
        lock_(config.control.socket),
        supervisor_(std::move(config), clock,
                    [&log](EventKind kind, const nlohmann::ordered_json& line) { log.event(kind, line); }),
        signals_(io_, SIGTERM, SIGINT, SIGHUP),
        timer_(io_) {}

  void run() {
    // The socket first: where it cannot be made, nothing else was. Who connects early is answered after a first round.
    ControlServer control(io_, supervisor_.config().control, backend());
    control_ = &control;
    supervisor_.start();
    warn_of_wishes();
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
            .healthy = [this] { return last_round_good_; },
            .reload = [this] { return reload(); },
            .may_change =
                [this](const Peer& peer) { return may_change(peer, geteuid(), supervisor_.config().control.group); }};
  }

  void warn_of_wishes() {
    for (const std::string& wish : unsupported_wishes(supervisor_.config())) log_.write(LogLevel::warn, wish);
    const auto wanted = supervisor_.config().monitor.interval;
    if (interval() < wanted) {
      log_.write(LogLevel::warn, fmt::format("/monitor/interval: {} ms is too long for systemd's watchdog: rounds are "
                                             "made every {} ms",
                                             wanted.count(), interval().count()));
    }
  }

  // Twice as often as the watchdog wants, at least: a sign of life follows a finished round and nothing else.
  milliseconds interval() const {
    const milliseconds wanted = supervisor_.config().monitor.interval;
    if (!notify_.watchdog()) return wanted;
    return std::min(wanted,
                    std::max(std::chrono::duration_cast<milliseconds>(*notify_.watchdog() / 2), milliseconds(1)));
  }

  void wait_for_round() {
    // Fixed pace, but a round that took too long is not made up for.
    next_round_ = std::max(next_round_ + interval(), std::chrono::steady_clock::now());
    timer_.expires_at(next_round_);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      round();
      wait_for_round();
    });
  }

  void round() {
    try {
      supervisor_.round();
    } catch (const slickq::Error& error) {
      // The shm directory itself is out of reach: no round, no sign of life, and said once.
      if (last_round_good_) log_.write(LogLevel::error, error.what());
      last_round_good_ = false;
      return;
    }
    last_round_good_ = true;
    notify_.round_finished(status_line(*supervisor_.snapshot()));
  }

  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (signal != SIGHUP) return stop(signal);
      reload();
      wait_for_signal();
    });
  }

  ReloadResult reload() {
    notify_.reloading(clock_.monotonic());
    ReloadResult result = supervisor_.reload();
    if (result.ok) {
      log_.configure(supervisor_.config().log);
      warn_of_wishes();
      timer_.cancel();  // the interval may be another one
      next_round_ = std::chrono::steady_clock::now();
      wait_for_round();
    }
    round();  // who asks for the status next sees the verdict
    notify_.ready(result.ok ? status_line(*supervisor_.snapshot()) : "reload failed, running on: " + result.error);
    return result;
  }

  void stop(int signal) {
    notify_.stopping();
    log_.write(LogLevel::info, signal == SIGTERM ? "stopping: SIGTERM" : "stopping: SIGINT");
    timer_.cancel();
    control_->close();
    for (const std::string& line : supervisor_.stop()) log_.write(LogLevel::warn, line);
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
  ControlServer* control_ = nullptr;
  bool last_round_good_ = true;
};

}  // namespace

void run_service(Config config, const Clock& clock, Log& log, const Notify& notify) {
  std::signal(SIGPIPE, SIG_IGN);  // a client or a log reader that went away
  Service(std::move(config), clock, log, notify).run();
}

}  // namespace slickqd
