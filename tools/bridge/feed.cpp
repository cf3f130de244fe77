#include "feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <utility>

namespace slickq::bridge {
namespace {

using ConsumerInfo = std::unique_ptr<jsConsumerInfo, DestroyBy<jsConsumerInfo_Destroy>>;

constexpr std::uint64_t kBatch = 32;
constexpr std::uint64_t kBytesOfABatch = 4 << 20;
// How long the server keeps a request. Then it is made again.
constexpr auto kRequestLives = std::chrono::seconds(2);
// A consumer that is silent may be gone, with no word to who pulls from it.
constexpr auto kSilence = std::chrono::seconds(5);

ConsumerInfo look(const Connection& connection, const std::string& stream, const std::string& durable) {
  jsConsumerInfo* found = nullptr;
  jsErrCode error{};
  const natsStatus status =
      js_GetConsumerInfo(&found, connection.jetstream(), stream.c_str(), durable.c_str(), nullptr, &error);
  if (status == NATS_OK) return ConsumerInfo(found);
  if (error == JSConsumerNotFoundErr || (status == NATS_NOT_FOUND && error == 0)) return nullptr;
  throw trouble_of(status, error, fmt::format("cannot look at consumer {} of stream {}", durable, stream));
}

}  // namespace

std::optional<Delivered> parse_ack_subject(std::string_view subject) {
  if (!subject.starts_with("$JS.ACK.")) return std::nullopt;
  std::vector<std::string_view> tokens;
  for (std::size_t at = 0; at <= subject.size();) {
    const std::size_t dot = std::min(subject.find('.', at), subject.size());
    tokens.push_back(subject.substr(at, dot - at));
    at = dot + 1;
  }
  // Two of $JS.ACK, seven of the message, and on newer servers two before and perhaps one behind them.
  if (tokens.size() != 9 && tokens.size() < 11) return std::nullopt;
  const std::size_t tries = tokens.size() == 9 ? 4 : 6;
  const auto number = [&tokens](std::size_t at, std::uint64_t& value) {
    const std::string_view token = tokens[at];
    const auto [rest, error] = std::from_chars(token.data(), token.data() + token.size(), value);
    return error == std::errc{} && rest == token.data() + token.size();
  };
  Delivered found;
  const bool whole = number(tries + 1, found.sequence) && number(tries + 2, found.delivery) &&
                     number(tries + 4, found.behind) && found.sequence != 0;
  return whole ? std::optional(found) : std::nullopt;
}

std::optional<std::uint64_t> acknowledged(const Connection& connection, const std::string& stream,
                                          const std::string& durable) {
  const ConsumerInfo info = look(connection, stream, durable);
  if (!info) return std::nullopt;
  return info->AckFloor.Stream;
}

Feed::Feed(const Connection& connection, const StreamRules& rules, const std::string& durable, std::uint64_t first)
    : connection_(&connection), stream_(rules.name), durable_(durable) {
  jsErrCode error{};
  natsStatus status = js_DeleteConsumer(connection.jetstream(), stream_.c_str(), durable.c_str(), nullptr, &error);
  const std::string doing = fmt::format("cannot make consumer {} of stream {}", durable, stream_);
  if (status != NATS_OK && error != JSConsumerNotFoundErr && status != NATS_NOT_FOUND) {
    throw trouble_of(status, error, doing);
  }
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.Durable = durable.c_str();
  config.AckPolicy = js_AckAll;
  config.DeliverPolicy = js_DeliverByStartSequence;
  config.OptStartSeq = std::max<std::uint64_t>(first, 1);
  config.MaxAckPending = 1024;
  jsConsumerInfo* made = nullptr;
  status = js_AddConsumer(&made, connection.jetstream(), stream_.c_str(), &config, nullptr, &error);
  if (status != NATS_OK) throw trouble_of(status, error, doing);
  jsConsumerInfo_Destroy(made);
  inbox_ = fresh_inbox();
  natsSubscription* subscription = nullptr;
  status = natsConnection_SubscribeSync(&subscription, connection.get(), inbox_.c_str());
  if (status != NATS_OK) throw trouble_of(status, 0, doing);
  subscription_.reset(subscription);
}

void Feed::ask() {
  const std::string request = fmt::format(R"({{"batch":{},"max_bytes":{},"expires":{}}})", kBatch, kBytesOfABatch,
                                          std::chrono::duration_cast<std::chrono::nanoseconds>(kRequestLives).count());
  const std::string subject = fmt::format("$JS.API.CONSUMER.MSG.NEXT.{}.{}", stream_, durable_);
  const natsStatus status = natsConnection_PublishRequest(connection_->get(), subject.c_str(), inbox_.c_str(),
                                                          request.data(), static_cast<int>(request.size()));
  if (status != NATS_OK) throw trouble_of(status, 0, fmt::format("cannot ask stream {} for messages", stream_));
  expected_ += kBatch;
  asked_ = std::chrono::steady_clock::now();
}

std::vector<FeedMessage> Feed::next(std::chrono::milliseconds patience) {
  // A request that was not answered in full has ended by then, whether or not its end was told.
  if (std::chrono::steady_clock::now() - asked_ > 2 * kRequestLives) expected_ = 0;
  if (expected_ <= kBatch) ask();
  std::vector<FeedMessage> messages;
  while (messages.size() < kBatch) {
    std::optional<FeedMessage> message = receive(messages.empty() ? patience : std::chrono::milliseconds(0));
    if (!message) break;
    messages.push_back(std::move(*message));
  }
  if (messages.empty()) require_consumer();
  return messages;
}

// Nothing: none came, or a word of the server that is not a message.
std::optional<FeedMessage> Feed::receive(std::chrono::milliseconds patience) {
  natsMsg* found = nullptr;
  const natsStatus status = natsSubscription_NextMsg(&found, subscription_.get(), patience.count());
  if (status == NATS_TIMEOUT) return std::nullopt;
  if (status != NATS_OK) {
    connection_->require_up();
    throw trouble_of(status, 0, fmt::format("cannot read from stream {}", stream_));
  }
  heard_ = std::chrono::steady_clock::now();
  FeedMessage message;
  message.message.reset(found);
  const char* reply = natsMsg_GetReply(found);
  const auto delivered = parse_ack_subject(reply == nullptr ? "" : reply);
  if (!delivered) {
    take_status(found, header_of(found, "Status"));
    return std::nullopt;
  }
  static_cast<Delivered&>(message) = *delivered;
  if (expected_ > 0) --expected_;
  return message;
}

// 404: nothing there; 408: the request has ended; 409: it came to its limit of bytes, or the consumer is gone.
void Feed::take_status(natsMsg* message, const std::string& status) {
  if (status == "503") {
    throw Trouble(State::no_stream, fmt::format("consumer {} of stream {} is gone", durable_, stream_));
  }
  const std::string left = header_of(message, "Nats-Pending-Messages");
  const std::uint64_t over = std::min<std::uint64_t>(std::strtoull(left.c_str(), nullptr, 10), kBatch);
  expected_ -= std::min(expected_, left.empty() ? kBatch : over);
  if (header_of(message, "Description").find("Deleted") != std::string::npos) {
    throw Trouble(State::no_stream, fmt::format("consumer {} of stream {} was removed", durable_, stream_));
  }
}

void Feed::require_consumer() {
  connection_->require_up();
  if (std::chrono::steady_clock::now() - heard_ < kSilence) return;
  if (!look(*connection_, stream_, durable_)) {
    throw Trouble(State::no_stream, fmt::format("consumer {} of stream {} was removed", durable_, stream_));
  }
  heard_ = std::chrono::steady_clock::now();
}

void Feed::acknowledge(const FeedMessage& message) {
  // Not waited for: an acknowledgement that is lost only makes the server's view late. The sidecar knows.
  // natsMsg_Ack() is for messages of the library's own pull subscriptions alone.
  constexpr std::string_view kDone = "+ACK";
  const natsStatus status = natsConnection_Publish(connection_->get(), natsMsg_GetReply(message.message.get()),
                                                   kDone.data(), static_cast<int>(kDone.size()));
  if (status != NATS_OK) connection_->require_up();
}

}  // namespace slickq::bridge
