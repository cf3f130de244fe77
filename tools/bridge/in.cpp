#include "in.hpp"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "check.hpp"
#include "checksum.hpp"
#include "delivery.hpp"
#include "identity.hpp"
#include "interrupt.hpp"
#include "slickq/cursor.hpp"
#include "slickq/error.hpp"
#include "slickq/names.hpp"

namespace slickq::bridge {
namespace {

std::vector<NamedCursor> open_cursors(const Options& options) {
  std::vector<NamedCursor> cursors;
  for (std::size_t at = 0; at < options.pace.size();) {
    const std::size_t comma = std::min(options.pace.find(',', at), options.pace.size());
    const std::string name = options.pace.substr(at, comma - at);
    cursors.push_back(NamedCursor::open(cursor_segment_name(options.queue, name), options.shm_dir));
    at = comma + 1;
  }
  return cursors;
}

std::vector<AtomicCursor> cursors_of(const std::vector<NamedCursor>& named) {
  std::vector<AtomicCursor> cursors;
  for (const NamedCursor& cursor : named) cursors.push_back(cursor.cursor());
  return cursors;
}

std::span<const std::byte> bytes_of(natsMsg* message) {
  return {reinterpret_cast<const std::byte*>(natsMsg_GetData(message)),
          static_cast<std::size_t>(natsMsg_GetDataLength(message))};
}

// Items of the message that lie below `expected`, an index of the source.
std::uint64_t items_below(std::uint64_t expected, const Envelope& envelope, Body body) {
  std::uint64_t index = envelope.first;
  std::uint64_t items = 0;
  while (index < expected) {
    const std::optional<Item> item = body.next();
    if (!item) break;
    index += envelope.geometry->footprint(item->count);
    ++items;
  }
  return items;
}

}  // namespace

struct InBridge::Target {
  Target(const Options& options, Queue opened)
      : queue(std::move(opened)),
        sidecar(options.shm_dir, options.queue, identity_of(queue)),
        cursors(open_cursors(options)),
        delivery(queue, sidecar, cursors_of(cursors), cli::interrupted) {}

  Queue queue;
  Sidecar sidecar;
  std::vector<NamedCursor> cursors;
  Delivery delivery;
  std::uint64_t counted_items = 0;
  std::uint64_t counted_bytes = 0;
};

InBridge::InBridge(const Options& options, Status& status) : options_(options), status_(status) {}
InBridge::~InBridge() = default;

Ended InBridge::session() {
  find_target();
  const Connection connection(options_.endpoint);
  const StreamHead head = open_stream(connection, options_.stream, false);
  move_to(position_for(connection, head));
  deliveries_ = 0;
  Feed feed(connection, options_.stream, options_.durable, position_.sequence + 1);
  status_.set(State::running);
  while (!cli::interrupted()) {
    const std::vector<FeedMessage> messages = feed.next(std::chrono::milliseconds(200));
    if (messages.empty()) status_.lag.messages = 0;
    const FeedMessage* done = nullptr;
    for (const FeedMessage& message : messages) {
      if (!take(message)) break;
      done = &message;
      status_.lag.messages = message.behind;
      status_.tick();
    }
    if (done != nullptr) {
      feed.acknowledge(*done);
      ++status_.counters.acks;
    }
    status_.tick();
    if (is_another_queue()) return Ended::again;
  }
  status_.set(State::draining);
  natsConnection_FlushTimeout(connection.get(), 1000);
  return Ended::stopped;
}

void InBridge::find_target() {
  if (is_another_queue() || target_) return;
  try {
    use(std::make_unique<Target>(options_, Queue::open(options_.queue, options_.shm_dir)));
  } catch (const Error& error) {
    if (error.code() != Errc::not_found || error.object() != options_.queue) throw;
  }
}

void InBridge::make_target(const Envelope& envelope) {
  CreateOptions create;
  create.shm_dir = options_.shm_dir;
  create.mode = options_.mode;
  use(std::make_unique<Target>(options_, Queue::open_or_create(options_.queue, *envelope.geometry, create)));
  status_.tell(fmt::format("created the queue: {}", envelope.geometry->describe()));
  target_->sidecar.move_to(position_);
}

void InBridge::use(std::unique_ptr<Target> target) {
  target_ = std::move(target);
  if (target_->delivery.recovered() != Recovered::doubtful) return;
  ++status_.counters.doubtful;
  status_.tell("the ring went round since an item was being delivered: it counts as delivered");
}

// The queue's own word first. Without one, what the server's consumer was told.
Position InBridge::position_for(const Connection& connection, const StreamHead& head) {
  Position position;
  if (target_ && !target_->sidecar.is_fresh()) {
    position = target_->sidecar.position();
  } else if (position_.stream_created != 0) {
    position = position_;  // this process knows
  } else {
    position.stream_created = head.created;
    position.sequence = acknowledged(connection, options_.stream.name, options_.durable).value_or(0);
  }
  if (position.stream_created != head.created) {
    if (position.stream_created != 0) status_.tell("the stream was made anew: from its beginning");
    position.stream_created = head.created;
    position.sequence = 0;
  }
  if (position.sequence > head.last_sequence) {
    status_.tell(fmt::format("the stream ends at message {}, and {} was delivered: it has lost its end",
                             head.last_sequence, position.sequence));
    position.sequence = head.last_sequence;
  }
  return position;
}

void InBridge::move_to(const Position& position) {
  position_ = position;
  status_.position = position.sequence;
  if (target_ && target_->sidecar.position() != position) target_->sidecar.move_to(position);
}

// False: stopped, the message is to come again.
bool InBridge::take(const FeedMessage& message) {
  const bool follows = message.delivery == deliveries_ + 1;
  deliveries_ = message.delivery;
  if (message.sequence <= position_.sequence) {
    ++status_.counters.repeated;
    return true;
  }
  // The server counts what it delivers: where its count goes on and the sequence does not, messages were removed from
  // the stream. Where the count does not go on, one was lost on the way, and comes with the next session.
  if (message.sequence != position_.sequence + 1 && !follows) {
    throw Trouble(State::reconnecting, fmt::format("message {} came, {} was expected: begin anew there",
                                                   message.sequence, position_.sequence + 1));
  }
  const std::string object = fmt::format("message {} of stream {}", message.sequence, options_.stream.name);
  const Envelope envelope = envelope_of(message.message.get(), object);
  if (crc32c(bytes_of(message.message.get())) != envelope.crc) {
    throw Error(Errc::corrupt, object, "its bytes are not those that were sent (CRC)",
                fmt::format("to go on without it: nats stream rmm {} {}", options_.stream.name, message.sequence));
  }
  return take_envelope(message, envelope);
}

bool InBridge::take_envelope(const FeedMessage& message, const Envelope& envelope) {
  // The message stands behind the position by now, whatever was removed between; progress belongs to this one.
  Position before = position_;
  before.sequence = message.sequence - 1;
  const bool goes_on = envelope.queue == position_.source && envelope.epoch == position_.epoch;
  if (!goes_on) {
    ++status_.counters.epochs;
    before.source = envelope.queue;
    before.epoch = envelope.epoch;
    before.source_next = envelope.from;
    status_.tell(
        fmt::format("epoch {} of source queue {} begins at index {}", envelope.epoch, envelope.queue, envelope.from));
  }
  if (before != position_) move_to(before);
  const std::uint64_t expected = position_.source_next;
  if (is_old(envelope)) {
    ++status_.counters.repeated;
  } else {
    if (envelope.from > expected) note_missing(expected, envelope.from);
    if (envelope.kind == Kind::gap) {
      ++status_.counters.gaps;
      status_.counters.lost += envelope.lost;
      status_.tell(fmt::format("{} elements were lost before they were sent: indexes {} to {}", envelope.lost,
                               envelope.from, envelope.next - 1));
    }
    if (!target_) make_target(envelope);
    if (envelope.kind == Kind::data && !deliver(message, envelope, expected)) return false;
  }
  Position after = position_;
  after.sequence = message.sequence;
  after.source_next = std::max(expected, envelope.next);
  move_to(after);
  ++status_.counters.messages;
  return true;
}

bool InBridge::is_old(const Envelope& envelope) {
  return envelope.kind != Kind::epoch && envelope.next <= position_.source_next;
}

bool InBridge::deliver(const FeedMessage& message, const Envelope& envelope, std::uint64_t expected) {
  const std::uint32_t element = envelope.geometry->element_size();
  if (target_->queue.geometry().element_size() != element) {
    throw Trouble(
        State::mismatch,
        fmt::format("the source has elements of {} bytes, and queue {} is {}: use another queue, or remove it "
                    "and let the bridge create it",
                    element, options_.queue, target_->queue.geometry().describe()),
        cli::Exit::busy);
  }
  const auto body = Body::of_message(bytes_of(message.message.get()), envelope.items, envelope.elements, element);
  if (!body) {
    throw Error(Errc::corrupt, fmt::format("message {} of stream {}", message.sequence, options_.stream.name),
                "its items do not fit its bytes", "only slickq-bridge may write to the subject of a bridged queue");
  }
  const bool all = target_->delivery.deliver(*body, items_below(expected, envelope, *body));
  count_delivered();
  return all;
}

void InBridge::count_delivered() {
  Target& target = *target_;
  status_.counters.items += target.delivery.items() - std::exchange(target.counted_items, target.delivery.items());
  status_.counters.bytes += target.delivery.bytes() - std::exchange(target.counted_bytes, target.delivery.bytes());
}

// The stream itself no longer has it.
void InBridge::note_missing(std::uint64_t from, std::uint64_t to) {
  ++status_.counters.gaps;
  status_.counters.lost += to - from;
  status_.tell(fmt::format(
      "messages were removed from the stream before they came: source indexes {} to {} are missing", from, to - 1));
}

// The name leads elsewhere: nobody new would see what is delivered here.
bool InBridge::is_another_queue() {
  if (!target_ || !target_->queue.is_detached()) return false;
  status_.tell("the queue was removed or made anew");
  target_.reset();
  return true;
}

cli::Exit check_in(const Options& options) {
  return run_check(options, [&](CheckReport& report) {
    try {
      const Queue queue = Queue::open(options.queue, options.shm_dir);
      report.queue = queue.geometry().describe();
    } catch (const Error& error) {
      if (error.code() != Errc::not_found) throw;
      report.queue = "absent, will be created like the source";
    }
    open_cursors(options);
    const Connection connection(options.endpoint);
    const StreamHead head = open_stream(connection, options.stream, true);
    report.stream = head.last_sequence == 0 ? "no messages yet" : fmt::format("messages up to {}", head.last_sequence);
  });
}

}  // namespace slickq::bridge
