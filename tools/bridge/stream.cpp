#include "stream.hpp"

#include <fmt/format.h>

#include <memory>

#include "slickq/error.hpp"

namespace slickq::bridge {
namespace {

using StreamInfo = std::unique_ptr<jsStreamInfo, DestroyBy<jsStreamInfo_Destroy>>;

StreamInfo look(const Connection& connection, const std::string& name) {
  jsStreamInfo* found = nullptr;
  jsErrCode error{};
  const natsStatus status = js_GetStreamInfo(&found, connection.jetstream(), name.c_str(), nullptr, &error);
  if (status == NATS_OK) return StreamInfo(found);
  if (error == JSStreamNotFoundErr || (status == NATS_NOT_FOUND && error == 0)) return nullptr;
  throw trouble_of(status, error, fmt::format("cannot look at stream {}", name));
}

StreamInfo make(const Connection& connection, const StreamRules& rules) {
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  const char* subject = rules.subject.c_str();
  config.Name = rules.name.c_str();
  config.Subjects = &subject;
  config.SubjectsLen = 1;
  config.Storage = js_FileStorage;
  config.Retention = js_LimitsPolicy;
  config.Discard = rules.discard_new ? js_DiscardNew : js_DiscardOld;
  config.Replicas = rules.replicas;
  if (rules.max_bytes > 0) config.MaxBytes = rules.max_bytes;
  jsStreamInfo* made = nullptr;
  jsErrCode error{};
  const natsStatus status = js_AddStream(&made, connection.jetstream(), &config, nullptr, &error);
  if (status != NATS_OK) throw trouble_of(status, error, fmt::format("cannot create stream {}", rules.name));
  return StreamInfo(made);
}

void require_one_subject(const jsStreamConfig& config, const StreamRules& rules) {
  if (config.SubjectsLen == 1 && config.Subjects[0] == rules.subject) return;
  std::string subjects;
  for (int k = 0; k < config.SubjectsLen; ++k) subjects += fmt::format("{}{}", k == 0 ? "" : ", ", config.Subjects[k]);
  throw Trouble(State::mismatch,
                fmt::format("stream {} holds the subjects {} and not {} alone: a bridged queue needs a stream of its "
                            "own, whose sequences nobody else moves; choose another --stream",
                            rules.name, subjects.empty() ? "(none)" : subjects, rules.subject),
                cli::Exit::busy);
}

void read_last(const Connection& connection, const StreamRules& rules, StreamHead& head) {
  natsMsg* found = nullptr;
  jsErrCode error{};
  const natsStatus status =
      js_GetLastMsg(&found, connection.jetstream(), rules.name.c_str(), rules.subject.c_str(), nullptr, &error);
  if (status == NATS_NOT_FOUND || error == JSNoMessageFoundErr) return;
  if (status != NATS_OK) {
    throw trouble_of(status, error, fmt::format("cannot read the last message of stream {}", rules.name));
  }
  const Message message(found);
  head.last_of_subject = natsMsg_GetSequence(found);
  head.last = envelope_of(found, fmt::format("message {} of stream {}", head.last_of_subject, rules.name));
  if (head.last_of_subject > head.last_sequence) head.last_sequence = head.last_of_subject;  // came in between
}

}  // namespace

StreamHead open_stream(const Connection& connection, const StreamRules& rules, bool with_last) {
  StreamInfo info = look(connection, rules.name);
  if (!info && !rules.create) {
    throw Trouble(State::no_stream, fmt::format("there is no stream {}, and it is not to be created", rules.name));
  }
  if (!info) info = make(connection, rules);
  require_one_subject(*info->Config, rules);
  StreamHead head;
  head.created = info->Created;
  head.first_sequence = info->State.FirstSeq;
  head.last_sequence = info->State.LastSeq;
  head.max_message = info->Config->MaxMsgSize;
  if (with_last) read_last(connection, rules, head);
  return head;
}

StreamHead settled_stream(const Connection& connection, const StreamRules& rules, const std::string& bridge,
                          const std::function<void(std::chrono::milliseconds)>& rest) {
  constexpr auto kMoment = std::chrono::milliseconds(150);
  constexpr int kLooks = 20;
  StreamHead head = open_stream(connection, rules, true);
  for (int look = 0; look < kLooks; ++look) {
    if (!head.last || head.last->bridge == bridge) return head;
    rest(kMoment);
    StreamHead again = open_stream(connection, rules, true);
    if (again.last_of_subject == head.last_of_subject) return again;
    head = std::move(again);
  }
  throw Trouble(State::fenced,
                fmt::format("another bridge writes to stream {}: one queue, one bridge; stop the other one, or give "
                            "this one a stream of its own",
                            rules.name),
                cli::Exit::busy);
}

}  // namespace slickq::bridge
