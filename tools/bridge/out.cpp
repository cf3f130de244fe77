#include "out.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "check.hpp"
#include "checksum.hpp"
#include "identity.hpp"
#include "interrupt.hpp"
#include "slickq/consumer.hpp"
#include "slickq/error.hpp"

namespace slickq::bridge {
namespace {

// Of a message: its headers are about 700 bytes.
constexpr std::size_t kBytesOfHeaders = 2048;
constexpr std::size_t kSmallestBody = 16 * 1024;

std::size_t most_bytes(const Connection& connection, const StreamHead& head) {
  std::size_t bytes = connection.max_payload();
  if (head.max_message >= 0) bytes = std::min(bytes, static_cast<std::size_t>(head.max_message));
  return bytes > kBytesOfHeaders ? bytes - kBytesOfHeaders : 0;
}

PackLimits limits_of(const Options& options, const Queue& queue, std::size_t most) {
  const std::uint32_t element = queue.geometry().element_size();
  if (element > most || most < kSmallestBody) {
    throw Trouble(
        State::oversize,
        fmt::format("an element of queue {} has {} bytes, and the server takes messages of {} (at least {} are "
                    "needed): raise max_payload of the server, or max_msg_size of the stream",
                    queue.name(), element, most, kSmallestBody),
        cli::Exit::failed);
  }
  PackLimits limits = options.pack;
  limits.most_bytes = most;
  limits.bytes = std::min(limits.bytes, most - most / 8);  // room for the counts of a mixed body
  return limits;
}

Queue open_source(const Options& options) {
  try {
    return Queue::open(options.queue, options.shm_dir, Access::prefer_write);
  } catch (const Error& error) {
    if (error.code() == Errc::not_found || error.code() == Errc::busy) throw Trouble(State::no_queue, error.what());
    throw;
  }
}

}  // namespace

/// One session's work, from where the stream ends.
class OutBridge::Work {
 public:
  Work(OutBridge& bridge, const Connection& connection, const StreamHead& head)
      : bridge_(bridge),
        status_(bridge.status_),
        queue_(*bridge.queue_),
        publisher_(connection, bridge.options_.stream, head, fmt::format("{}.{}", bridge.bridge_, bridge.sessions_),
                   bridge.options_.publish),
        packer_(queue_, begin(head), limits_of(bridge.options_, queue_, most_bytes(connection, head))),
        before_(status_.counters) {
    status_.position = packer_.position();
    if (reason_ != nullptr) announce(reason_);
    status_.set(State::running);
    tell_progress();
  }

  Ended run() {
    while (!cli::interrupted()) {
      tell_progress();
      if (!publisher_.wait_for_room(std::chrono::milliseconds(50))) continue;
      if (send_one(false)) continue;
      if (is_another_queue()) {
        publisher_.wait_for_all(bridge_.options_.publish.patience);
        tell_progress();
        bridge_.queue_.reset();
        return Ended::again;
      }
      packer_.wait(std::chrono::milliseconds(publisher_.pending() != 0 ? 10 : 100));
    }
    drain();
    return Ended::stopped;
  }

 private:
  // Where the reader begins; sets epoch and reason.
  std::uint64_t begin(const StreamHead& head) {
    const std::uint64_t oldest = starting_cursor(queue_.ring(), Start{Start::At::oldest, 0});
    if (!head.last) {
      reason_ = "begin";
      bridge_.epoch_ = 0;
      return oldest;
    }
    bridge_.epoch_ = head.last->epoch;
    if (head.last->queue == bridge_.identity_ && head.last->next <= queue_.ring().reserved_index()) {
      // Said at once: should the other one be alive after all, its next message is refused, and it ends.
      if (head.last->bridge != bridge_.bridge_) reason_ = "takeover";
      return head.last->next;
    }
    reason_ = head.last->queue == bridge_.identity_ ? "reset" : "queue";
    ++bridge_.epoch_;
    return oldest;
  }

  void announce(const char* reason) {
    Envelope envelope = blank(Kind::epoch);
    envelope.from = envelope.first = envelope.next = packer_.position();
    envelope.reason = reason;
    status_.tell(fmt::format("epoch {} of queue {} {} at index {} ({})", envelope.epoch, envelope.queue,
                             reason == std::string_view("takeover") ? "goes on" : "begins", envelope.from, reason));
    publisher_.publish(envelope, {});
  }

  Envelope blank(Kind kind) const {
    Envelope envelope;
    envelope.kind = kind;
    envelope.queue = bridge_.identity_;
    envelope.epoch = bridge_.epoch_;
    envelope.geometry = queue_.geometry();
    envelope.bridge = bridge_.bridge_;
    return envelope;
  }

  bool send_one(bool flush) {
    const std::optional<Packet> packet = packer_.next(flush);
    if (!packet) return false;
    if (packet->kind == Kind::epoch) {
      ++bridge_.epoch_;
      announce(packet->reason);
      return true;
    }
    Envelope envelope = blank(packet->kind);
    envelope.from = packet->from;
    envelope.first = packet->first;
    envelope.next = packet->next;
    envelope.items = packet->items;
    envelope.elements = packet->elements;
    envelope.lost = packet->lost;
    envelope.reason = packet->reason;
    envelope.crc = crc32c(packet->body);
    if (packet->kind == Kind::gap) {
      status_.tell(fmt::format("{} elements were {} before they could be sent: indexes {} to {}", packet->lost,
                               packet->reason, packet->from, packet->next - 1));
    }
    publisher_.publish(envelope, packet->body);
    return true;
  }

  // Asked when nothing is left to send.
  bool is_another_queue() {
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_ < std::chrono::milliseconds(200)) return false;
    looked_ = now;
    return queue_.is_detached();
  }

  // What is in the queue by now still goes.
  void drain() {
    status_.set(State::draining);
    const auto deadline = std::chrono::steady_clock::now() + bridge_.options_.drain;
    const std::uint64_t end = queue_.ring().reserved_index();
    while (packer_.position() < end && std::chrono::steady_clock::now() < deadline) {
      if (publisher_.wait_for_room(std::chrono::milliseconds(50)) && !send_one(true)) break;
    }
    const auto left = deadline - std::chrono::steady_clock::now();
    publisher_.wait_for_all(std::chrono::duration_cast<std::chrono::milliseconds>(left));
    tell_progress();
  }

  void tell_progress() {
    const Acked& acked = publisher_.acked();
    if (acked.messages != 0) {
      bridge_.took_part_ = true;
      bridge_.refused_ = 0;
    }
    Counters& counters = status_.counters;
    counters.items = before_.items + acked.items;
    counters.bytes = before_.bytes + acked.bytes;
    counters.messages = before_.messages + acked.messages;
    counters.acks = before_.acks + acked.messages;
    counters.gaps = before_.gaps + acked.gaps;
    counters.lost = before_.lost + acked.lost;
    counters.oversize = before_.oversize + acked.oversize;
    counters.epochs = before_.epochs + acked.epochs;
    if (publisher_.acked_next()) status_.position = *publisher_.acked_next();
    const std::uint64_t reserved = queue_.ring().reserved_index();
    status_.lag = {reserved > status_.position ? reserved - status_.position : 0, publisher_.pending()};
    status_.tick();
  }

  OutBridge& bridge_;
  Status& status_;
  const Queue& queue_;
  const char* reason_ = nullptr;  // before packer_: begin() sets it
  Publisher publisher_;
  Packer packer_;
  Counters before_;
  std::chrono::steady_clock::time_point looked_{};
};

OutBridge::OutBridge(const Options& options, Status& status)
    : options_(options), status_(status), bridge_(fresh_bridge_id()) {}

Ended OutBridge::session() {
  open_queue();
  const Connection connection(options_.endpoint);
  const StreamHead head = settled_stream(connection, options_.stream, bridge_, [this](std::chrono::milliseconds time) {
    if (!rest(status_, time)) throw Trouble(State::stopped, "stopped");
  });
  require_not_fenced(head);
  ++sessions_;
  ++refused_;  // until the stream takes something
  return Work(*this, connection, head).run();
}

void OutBridge::open_queue() {
  if (queue_) return;
  queue_.emplace(open_source(options_));
  identity_ = identity_of(*queue_);
}

void OutBridge::require_not_fenced(const StreamHead& head) {
  constexpr unsigned kTries = 8;
  const bool foreign = head.last && head.last->bridge != bridge_;
  if (!foreign || (!took_part_ && refused_ < kTries)) return;
  throw Trouble(State::fenced,
                fmt::format("another bridge ({}) has written message {} to stream {}: one queue, one bridge; stop the "
                            "other one, or give this one a stream of its own",
                            head.last->bridge, head.last_of_subject, options_.stream.name),
                cli::Exit::busy);
}

cli::Exit check_out(const Options& options) {
  return run_check(options, [&](CheckReport& report) {
    const Queue queue = open_source(options);
    report.queue = queue.geometry().describe();
    const Connection connection(options.endpoint);
    StreamRules rules = options.stream;
    rules.create = false;
    StreamHead head;
    try {
      head = open_stream(connection, rules, true);
      report.stream =
          fmt::format("{} messages up to {}", head.last_sequence - head.first_sequence + 1, head.last_sequence);
      if (head.last_sequence == 0) report.stream = "no messages yet";
    } catch (const Trouble& trouble) {
      if (trouble.state() != State::no_stream || !options.stream.create) throw;
      report.stream = "absent, will be created";
    }
    limits_of(options, queue, most_bytes(connection, head));
  });
}

}  // namespace slickq::bridge
