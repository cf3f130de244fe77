#include "feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace slickq::bridge {
namespace {

using ConsumerInfo = std::unique_ptr<jsConsumerInfo, DestroyBy<jsConsumerInfo_Destroy>>;
using MetaData = std::unique_ptr<jsMsgMetaData, DestroyBy<jsMsgMetaData_Destroy>>;

constexpr int kBatch = 64;
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
  config.MaxAckPending = 16 * kBatch;
  jsConsumerInfo* made = nullptr;
  status = js_AddConsumer(&made, connection.jetstream(), stream_.c_str(), &config, nullptr, &error);
  if (status != NATS_OK) throw trouble_of(status, error, doing);
  jsConsumerInfo_Destroy(made);
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Stream = stream_.c_str();
  options.Consumer = durable.c_str();
  natsSubscription* subscription = nullptr;
  status = js_PullSubscribe(&subscription, connection.jetstream(), rules.subject.c_str(), durable.c_str(), nullptr,
                            &options, &error);
  if (status != NATS_OK) throw trouble_of(status, error, doing);
  subscription_.reset(subscription);
}

std::vector<FeedMessage> Feed::next(std::chrono::milliseconds patience) {
  natsMsgList list{};
  jsErrCode error{};
  const natsStatus status = natsSubscription_Fetch(&list, subscription_.get(), kBatch, patience.count(), &error);
  std::vector<FeedMessage> messages;
  for (int k = 0; k < list.Count; ++k) {
    FeedMessage message;
    message.message.reset(std::exchange(list.Msgs[k], nullptr));
    messages.push_back(std::move(message));
  }
  natsMsgList_Destroy(&list);
  if (status != NATS_OK && status != NATS_TIMEOUT) {
    connection_->require_up();
    throw trouble_of(status, error, fmt::format("cannot read from stream {}", stream_));
  }
  if (messages.empty()) require_consumer();
  for (FeedMessage& message : messages) {
    jsMsgMetaData* found = nullptr;
    if (natsMsg_GetMetaData(&found, message.message.get()) != NATS_OK) {
      throw Trouble(State::reconnecting, fmt::format("a message of stream {} does not tell its sequence", stream_));
    }
    const MetaData meta(found);
    message.sequence = found->Sequence.Stream;
    message.delivery = found->Sequence.Consumer;
    message.behind = found->NumPending;
    heard_ = std::chrono::steady_clock::now();
  }
  return messages;
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
  const natsStatus status = natsMsg_Ack(message.message.get(), nullptr);
  if (status != NATS_OK) connection_->require_up();
}

}  // namespace slickq::bridge
