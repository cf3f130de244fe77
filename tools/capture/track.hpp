// One queue on its way into a capture: what is read, in which order, and what becomes of holes and loss.
//
// Thread safety: one thread. Reads by pread only: the queue is not mapped, and read permission is enough.
// Contract: every element from the start on is recorded, or counted as lost, or told as a hole that was walked over. A
// hole that something readable stands behind is waited for as long as kHolePatience, or until half of the ring stands
// behind it, so that one dead producer does not end the recording, or cost what can be read; without anything behind
// it, it may be an item that is being written: it is waited for.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../session.hpp"
#include "../values.hpp"
#include "slickq/scan.hpp"
#include "slickq/view.hpp"
#include "writer.hpp"

namespace slickq::cli {

/// Wall-clock time that never goes backwards, nor jumps when somebody sets the clock: what counts in a capture is the
/// time between two items.
class CaptureClock {
 public:
  CaptureClock();
  pcapng::Stamp now() const noexcept;

 private:
  std::chrono::nanoseconds offset_;
};

struct Tally {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;          ///< of payload
  std::uint64_t lost = 0;           ///< elements overwritten before they were read
  std::uint64_t holes = 0;          ///< walked over
  std::uint64_t hole_elements = 0;  ///< reserved in them, and not published
  std::uint64_t resets = 0;
  std::uint64_t first_index = kNoIndex;
  std::uint64_t last_index = kNoIndex;
};

class Track {
 public:
  enum class State : std::uint8_t { waiting, at_end, gone };

  /// Adds the queue's interface. `only_what_is_there`: stop where reserving has come to by now.
  Track(Session& session, View view, Position from, bool only_what_is_there, pcapng::Writer& writer);
  Track(const Track&) = delete;  // its reader points to its view
  Track& operator=(const Track&) = delete;

  /// Record up to `most` items. True: something was there.
  bool step(std::uint64_t most, pcapng::Writer& writer, const CaptureClock& clock);
  /// After a step that found nothing: is the queue still there, does a hole hold us up?
  void look_around();
  void finish(pcapng::Writer& writer, pcapng::Stamp start, pcapng::Stamp end);

  State state() const noexcept { return state_; }
  const std::string& name() const noexcept { return view_.name(); }
  const Tally& tally() const noexcept { return tally_; }

 private:
  using Clock = std::chrono::steady_clock;

  void count_loss(const PopResult& got);
  void record(const PopResult& got, pcapng::Writer& writer, pcapng::Stamp when);
  void walk_over(std::uint64_t next);
  void remark(std::string_view what);

  Session* session_;
  View view_;
  std::optional<std::uint64_t> end_;
  ViewReader reader_;
  std::uint32_t interface_;
  State state_ = State::waiting;
  Tally tally_;
  std::uint64_t untold_loss_ = 0;  // to be said in the next packet
  std::string remark_;
  bool told_of_length_ = false;
  Clock::time_point quiet_since_{};
  std::vector<std::byte> elements_;
};

}  // namespace slickq::cli
