#include "publisher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace slickq::bridge {
namespace {

void set_header(natsMsg* message, const char* name, const std::string& value) {
  if (natsMsgHeader_Set(message, name, value.c_str()) != NATS_OK) {
    throw Trouble(State::reconnecting, fmt::format("cannot set the header {}: no memory", name));
  }
}

}  // namespace

Publisher::Publisher(const Connection& connection, const StreamRules& rules, const StreamHead& head,
                     std::string session, const PublishLimits& limits)
    : connection_(&connection),
      rules_(&rules),
      session_(std::move(session)),
      limits_(limits),
      inbox_(fresh_inbox()),
      last_sequence_(head.last_sequence),
      last_of_subject_(head.last_of_subject) {
  natsSubscription* made = nullptr;
  const natsStatus status = natsConnection_SubscribeSync(&made, connection.get(), (inbox_ + ".*").c_str());
  if (status != NATS_OK) throw trouble_of(status, 0, "cannot listen for acknowledgements");
  answers_.reset(made);
}

bool Publisher::has_room() const noexcept {
  return pending_.empty() || (pending_.size() < limits_.pending && pending_bytes_ < limits_.pending_bytes);
}

bool Publisher::wait_for_room(std::chrono::milliseconds patience) {
  take_acks();
  if (!has_room()) take_acks(patience);
  return has_room();
}

bool Publisher::wait_for_all(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!pending_.empty() && std::chrono::steady_clock::now() < deadline) take_acks(std::chrono::milliseconds(50));
  return pending_.empty();
}

void Publisher::publish(const Envelope& envelope, std::span<const std::byte> body) {
  const std::uint64_t sequence = last_sequence_ + 1;
  const std::string id =
      fmt::format("{}:{}:{}:{}:{}", envelope.queue, envelope.epoch, envelope.from, session_, sequence);
  natsMsg* made = nullptr;
  const std::string reply = fmt::format("{}.{}", inbox_, sequence);
  if (natsMsg_Create(&made, rules_->subject.c_str(), reply.c_str(), reinterpret_cast<const char*>(body.data()),
                     static_cast<int>(body.size())) != NATS_OK) {
    throw Trouble(State::reconnecting, "cannot make a message: no memory");
  }
  const Message message(made);
  for (const auto& [name, value] : headers_of(envelope)) set_header(made, name, value);
  set_header(made, "Nats-Msg-Id", id);
  set_header(made, "Nats-Expected-Stream", rules_->name);
  set_header(made, "Nats-Expected-Last-Sequence", std::to_string(last_sequence_));
  if (last_id_.empty()) {
    set_header(made, "Nats-Expected-Last-Subject-Sequence", std::to_string(last_of_subject_));
  } else {
    set_header(made, "Nats-Expected-Last-Msg-Id", last_id_);
  }
  if (const natsStatus status = natsConnection_PublishMsg(connection_->get(), made); status != NATS_OK) {
    throw trouble_of(status, 0, fmt::format("cannot publish to subject {}", rules_->subject));
  }
  pending_.push_back({sequence, envelope.next, envelope.items, body.size(), envelope.lost, envelope.kind,
                      envelope.reason == "oversize", envelope.reason == "takeover", std::chrono::steady_clock::now()});
  pending_bytes_ += body.size();
  last_sequence_ = sequence;
  last_id_ = id;
}

void Publisher::take_acks(std::chrono::milliseconds patience) {
  std::int64_t wait = patience.count();
  for (;;) {
    natsMsg* found = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&found, answers_.get(), wait);
    if (status == NATS_OK) {
      const Message answer(found);
      take_ack(found);
      wait = 0;
      continue;
    }
    if (status != NATS_TIMEOUT) connection_->require_up();
    break;
  }
  connection_->require_up();
  if (!pending_.empty() && std::chrono::steady_clock::now() - pending_.front().sent > limits_.patience) {
    throw Trouble(State::reconnecting, fmt::format("stream {} has not acknowledged message {} for {} ms", rules_->name,
                                                   pending_.front().sequence, limits_.patience.count()));
  }
}

void Publisher::take_ack(natsMsg* answer) {
  if (natsMsg_IsNoResponders(answer)) {
    throw Trouble(State::no_stream, fmt::format("no stream takes subject {}", rules_->subject));
  }
  const char* data = natsMsg_GetData(answer);
  const auto json = nlohmann::json::parse(data, data + natsMsg_GetDataLength(answer), nullptr, false);
  if (!json.is_object()) throw Trouble(State::reconnecting, "an acknowledgement is not JSON");
  if (const auto error = json.find("error"); error != json.end() && error->is_object()) {
    on_refusal(error->value("err_code", 0), error->value("description", std::string("refused")));
  }
  const std::uint64_t sequence = json.value("seq", std::uint64_t{0});
  if (pending_.empty() || pending_.front().sequence != sequence || json.value("duplicate", false)) {
    throw Trouble(State::reconnecting, fmt::format("stream {} stored a message as {}, not as the one that was expected",
                                                   rules_->name, sequence));
  }
  count(pending_.front());
  pending_bytes_ -= pending_.front().bytes;
  pending_.pop_front();
}

void Publisher::count(const Pending& message) {
  ++acked_.messages;
  acked_.items += message.items;
  acked_.bytes += message.bytes;
  acked_.lost += message.lost;
  if (message.kind == Kind::gap) ++(message.oversize ? acked_.oversize : acked_.gaps);
  if (message.kind == Kind::epoch && !message.takeover) ++acked_.epochs;
  acked_next_ = message.next;
}

void Publisher::on_refusal(int error, const std::string& description) const {
  const std::string text = fmt::format("stream {} refuses a message: {}", rules_->name, description);
  if (error == JSStreamWrongLastSequenceErr || error == JSStreamWrongLastMsgIDErr || error == JSStreamNotMatchErr) {
    throw Trouble(State::reconnecting, text);  // the next session sees whose message stands there
  }
  if (error == JSStreamStoreFailedErr || error == JSStreamMessageExceedsMaximumErr ||
      description.find("maximum") != std::string::npos || description.find("exceeded") != std::string::npos ||
      description.find("resource") != std::string::npos) {
    throw Trouble(error == JSStreamMessageExceedsMaximumErr ? State::oversize : State::stream_full, text);
  }
  throw Trouble(State::reconnecting, text);
}

}  // namespace slickq::bridge
