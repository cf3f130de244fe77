#include "connection.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "slickq/error.hpp"

namespace slickq::bridge {
namespace {

constexpr std::int64_t kConnectPatienceMs = 3000;
constexpr std::int64_t kAnswerPatienceMs = 5000;
// A server that is silent, not gone, is found out about by pings: two that are not answered end the session.
constexpr std::int64_t kPingIntervalMs = 5000;

using Options = std::unique_ptr<natsOptions, DestroyBy<natsOptions_Destroy>>;

void require_readable(const std::string& path, const char* flag) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return;
  throw system_failure(path, fmt::format("cannot read the file of {}", flag), errno);
}

std::vector<std::string> split(const std::string& servers) {
  std::vector<std::string> urls;
  for (std::size_t at = 0; at <= servers.size();) {
    const std::size_t comma = std::min(servers.find(',', at), servers.size());
    if (comma != at) urls.push_back(servers.substr(at, comma - at));
    at = comma + 1;
  }
  return urls;
}

void set(natsStatus status, const char* what) {
  if (status == NATS_OK) return;
  const char* last = nats_GetLastError(nullptr);
  throw Error(Errc::invalid_argument, what, last != nullptr ? last : natsStatus_GetText(status));
}

Options options_for(const Endpoint& endpoint) {
  require_readable(endpoint.credentials, "--creds");
  require_readable(endpoint.tls_ca, "--tls-ca");
  require_readable(endpoint.tls_certificate, "--tls-cert");
  require_readable(endpoint.tls_key, "--tls-key");
  natsOptions* made = nullptr;
  set(natsOptions_Create(&made), "options of the client library");
  Options options(made);
  const std::vector<std::string> urls = split(endpoint.servers);
  std::vector<const char*> servers;
  for (const std::string& url : urls) servers.push_back(url.c_str());
  set(natsOptions_SetServers(made, servers.data(), static_cast<int>(servers.size())), "--server");
  natsOptions_SetName(made, endpoint.name.c_str());
  natsOptions_SetAllowReconnect(made, false);
  natsOptions_SetTimeout(made, kConnectPatienceMs);
  natsOptions_SetPingInterval(made, kPingIntervalMs);
  natsOptions_SetMaxPingsOut(made, 2);
  natsOptions_SetWriteDeadline(made, kAnswerPatienceMs);
  natsOptions_SetFailRequestsOnDisconnect(made, true);
  // Of a pull: more than is ever asked for at once.
  natsOptions_SetMaxPendingMsgs(made, 65536);
  if (!endpoint.credentials.empty()) {
    set(natsOptions_SetUserCredentialsFromFiles(made, endpoint.credentials.c_str(), nullptr), "--creds");
  }
  if (!endpoint.tls_ca.empty()) {
    set(natsOptions_SetSecure(made, true), "--tls-ca");
    set(natsOptions_LoadCATrustedCertificates(made, endpoint.tls_ca.c_str()), "--tls-ca");
  }
  if (!endpoint.tls_certificate.empty()) {
    set(natsOptions_SetSecure(made, true), "--tls-cert");
    set(natsOptions_LoadCertificatesChain(made, endpoint.tls_certificate.c_str(), endpoint.tls_key.c_str()),
        "--tls-cert");
  }
  return options;
}

}  // namespace

std::string without_secrets(std::string_view servers) {
  std::string text;
  for (const std::string& url : split(std::string(servers))) {
    const std::size_t at = url.rfind('@');
    const std::size_t scheme = url.find("://");
    const std::string front = scheme == std::string::npos ? "" : url.substr(0, scheme + 3);
    if (!text.empty()) text += ',';
    text += at == std::string::npos ? url : front + url.substr(at + 1);
  }
  return text;
}

std::string fresh_inbox() {
  natsInbox* made = nullptr;
  if (natsInbox_Create(&made) != NATS_OK) throw Trouble(State::reconnecting, "cannot make an inbox: no memory");
  std::string inbox = made;
  natsInbox_Destroy(made);
  return inbox;
}

std::string header_of(natsMsg* message, const char* name) {
  const char* value = nullptr;
  return natsMsgHeader_Get(message, name, &value) == NATS_OK && value != nullptr ? value : "";
}

Envelope envelope_of(natsMsg* message, const std::string& object) {
  return parse_envelope(object, [message](const char* name) { return header_of(message, name); });
}

Connection::Connection(const Endpoint& endpoint) {
  const Options options = options_for(endpoint);
  const std::string doing = "cannot connect to " + without_secrets(endpoint.servers);
  if (const natsStatus status = natsConnection_Connect(&connection_, options.get()); status != NATS_OK) {
    throw trouble_of(status, 0, doing);
  }
  jsOptions jetstream;
  jsOptions_Init(&jetstream);
  jetstream.Wait = kAnswerPatienceMs;
  if (const natsStatus status = natsConnection_JetStream(&jetstream_, connection_, &jetstream); status != NATS_OK) {
    natsConnection_Destroy(connection_);
    throw trouble_of(status, 0, doing);
  }
}

Connection::~Connection() {
  jsCtx_Destroy(jetstream_);
  natsConnection_Close(connection_);
  natsConnection_Destroy(connection_);
}

std::size_t Connection::max_payload() const noexcept {
  return static_cast<std::size_t>(natsConnection_GetMaxPayload(connection_));
}

bool Connection::is_up() const noexcept { return natsConnection_Status(connection_) == NATS_CONN_STATUS_CONNECTED; }

void Connection::require_up() const {
  if (is_up()) return;
  const char* last = nullptr;
  const natsStatus status = natsConnection_GetLastError(connection_, &last);
  const bool tells = status != NATS_OK && last != nullptr && *last != '\0';
  throw Trouble(State::reconnecting,
                fmt::format("the connection to the server is lost: {}", tells ? last : "the server closed it"));
}

Trouble trouble_of(natsStatus status, int js_error, const std::string& doing) {
  const char* last = nats_GetLastError(nullptr);
  const std::string why = last != nullptr && *last != '\0' ? last : natsStatus_GetText(status);
  const std::string text = doing + ": " + why;
  switch (js_error) {
    case JSStreamNotFoundErr: return {State::no_stream, text};
    case JSNotEnabledErr:
    case JSNotEnabledForAccountErr: return {State::no_stream, text + " (JetStream is off: start the server with -js)"};
    case JSAccountResourcesExceededErr:
    case JSInsufficientResourcesErr:
    case JSStorageResourcesExceededErr:
    case JSMemoryResourcesExceededErr:
    case JSMaximumStreamsLimitErr:
    case JSStreamStoreFailedErr: return {State::stream_full, text};
    case JSStreamMessageExceedsMaximumErr: return {State::oversize, text};
    default: break;
  }
  switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED: return {State::denied, text};
    case NATS_NO_RESPONDERS:
      return {State::no_stream, doing + ": nobody answers (no such stream, or JetStream is off)"};
    case NATS_MAX_PAYLOAD: return {State::oversize, text};
    default: return {State::reconnecting, text};
  }
}

}  // namespace slickq::bridge
