// The stream of a bridged queue: one subject, one queue, one writer.
//
// With one subject to a stream its sequences are predictable: every message that is published without waiting for the
// one before can still say which it has to follow. A stream with other subjects is refused for that reason.
//
// Thread safety: as Connection. Crash: nothing is kept here; the stream is the record.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "connection.hpp"

namespace slickq::bridge {

struct StreamRules {
  std::string name;
  std::string subject;
  bool create = true;          ///< when it is absent
  std::int64_t max_bytes = 0;  ///< of a new one; 0: no limit
  std::int64_t replicas = 1;   ///< of a new one
  bool discard_new = false;    ///< of a new one: refuse what does not fit, instead of removing the oldest
};

/// How the stream stands.
struct StreamHead {
  std::int64_t created = 0;  ///< tells it from a later one of the same name
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  std::int64_t max_message = -1;      ///< bytes; -1: no limit of its own
  std::uint64_t last_of_subject = 0;  ///< sequence of `last`; 0: the subject has no message
  std::optional<Envelope> last{};
};

/// Looks at the stream, or makes it. Throws Trouble: no_stream, mismatch (other subjects), stream_full (no room for a
/// new one), reconnecting; Error(corrupt) when the last message is no bridge's. `with_last`: read it.
StreamHead open_stream(const Connection& connection, const StreamRules& rules, bool with_last);

/// The head when nobody but `bridge` has written for a moment. Who took over from a bridge that was killed still sees
/// what that one had under way; who begins beside a living one sees it go on, and gets Trouble(fenced).
StreamHead settled_stream(const Connection& connection, const StreamRules& rules, const std::string& bridge,
                          const std::function<void(std::chrono::milliseconds)>& rest);

}  // namespace slickq::bridge
