// One connection to a NATS server (or a cluster's), for one session.
//
// The client library does not reconnect by itself: what was under way when a connection broke is unknown, and only the
// stream can tell. So a session ends with its connection, and the next one begins by asking the stream.
//
// Thread safety: the functions of one thread. The library has threads of its own; nothing here is called by them.
// Memory: nothing is buffered for a server that is away.
#pragma once

#include <nats/nats.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "envelope.hpp"
#include "trouble.hpp"

namespace slickq::bridge {

struct Endpoint {
  std::string servers;  ///< URLs, with commas between them
  std::string credentials;
  std::string tls_ca;
  std::string tls_certificate;
  std::string tls_key;
  std::string name;  ///< what the server shows of the connection
};

/// The URLs without what stands before an @: for people, logs and status files.
std::string without_secrets(std::string_view servers);

template <auto Destroy>
struct DestroyBy {
  template <class T>
  void operator()(T* object) const noexcept {
    Destroy(object);
  }
};
using Message = std::unique_ptr<natsMsg, DestroyBy<natsMsg_Destroy>>;
using Subscription = std::unique_ptr<natsSubscription, DestroyBy<natsSubscription_Destroy>>;

/// A subject that nobody else listens to.
std::string fresh_inbox();
/// The value of a header of `message`, empty when there is none.
std::string header_of(natsMsg* message, const char* name);
/// Its envelope. Throws Error(corrupt).
Envelope envelope_of(natsMsg* message, const std::string& object);

class Connection {
 public:
  /// Throws Trouble: reconnecting when no server answers, denied; Error for files that cannot be read.
  explicit Connection(const Endpoint& endpoint);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  natsConnection* get() const noexcept { return connection_; }
  jsCtx* jetstream() const noexcept { return jetstream_; }
  /// Bytes of the largest message, headers included.
  std::size_t max_payload() const noexcept;
  bool is_up() const noexcept;
  /// Throws Trouble(reconnecting) when the connection is gone.
  void require_up() const;

 private:
  natsConnection* connection_ = nullptr;
  jsCtx* jetstream_ = nullptr;
};

/// The Trouble that an answer of the client library means. `doing`: "cannot publish to subject T".
Trouble trouble_of(natsStatus status, int js_error, const std::string& doing);

}  // namespace slickq::bridge
