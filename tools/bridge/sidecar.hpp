// Where the in-bridge stands: a small file in shared memory beside the target queue, ".slickq-bridge-<queue>".
//
//   Position  the last message that was delivered whole, and which index of the source comes next
//   progress  how many items of the message behind it were delivered
//   Intent    the one item that is being delivered: its place in the target. Stored between reserve and publish
//
// Thread safety: one thread of one process: the file is locked for life, a second bridge of the queue is refused.
// Invariants: 1. what load() tells was true at one moment, whole, wherever a writer was killed. A position is written
// beside the old one and then chosen by one store; an intent counts only while `open`, which is stored last and cleared
// first. 2. an item whose intent is not open was delivered when progress counts it, and only then.
// Crash: it survives the death of the process at any instruction: its stores are in the memory of the file, in the
// order in which they were made. It need not survive the machine: a reboot takes the queue with it. A queue that was
// made anew (another identity) gets a fresh sidecar.
// Hostile input: a file of another user is refused; what does not look like a sidecar is made anew.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace slickq::bridge {

struct Position {
  std::int64_t stream_created = 0;  ///< which stream
  std::uint64_t sequence = 0;       ///< of the last message that was delivered whole
  std::string source{};             ///< identity of the source queue; empty: none seen yet
  std::uint64_t epoch = 0;
  std::uint64_t source_next = 0;  ///< the Next of that message
  friend bool operator==(const Position&, const Position&) = default;
};

struct Intent {
  std::uint64_t item = 0;   ///< of the message behind the position
  std::uint64_t index = 0;  ///< reserved in the target
  std::uint32_t count = 0;  ///< elements
  friend bool operator==(const Intent&, const Intent&) = default;
};

/// Its name in the shm directory. The private prefix keeps slickq's tools and daemon from taking it for a queue.
std::string sidecar_name(const std::string& queue);

class Sidecar {
 public:
  /// Opens or makes it and locks it. `target`: identity of the target queue. Throws Error: busy when another bridge has
  /// it, permission, no_space, system.
  Sidecar(const std::string& shm_dir, const std::string& queue, const std::string& target);
  Sidecar(const Sidecar&) = delete;
  Sidecar& operator=(const Sidecar&) = delete;
  ~Sidecar();

  /// Was it made just now? Then it tells nothing.
  bool is_fresh() const noexcept { return fresh_; }
  Position position() const;
  /// Items of the message behind the position that were delivered.
  std::uint64_t progress() const noexcept;
  std::optional<Intent> intent() const noexcept;

  /// The message at `position` was delivered whole, or is to be left out.
  void move_to(const Position& position) noexcept;
  /// About to publish.
  void intend(const Intent& intent) noexcept;
  /// It was published: so many items of the message are delivered.
  void delivered(std::uint64_t items) noexcept;
  /// It was not, and will not be.
  void forget_intent() noexcept;

 private:
  struct Bytes;
  Bytes* bytes_ = nullptr;
  int fd_ = -1;
  bool fresh_ = false;
};

}  // namespace slickq::bridge
