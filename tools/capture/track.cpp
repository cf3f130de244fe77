#include "track.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "../ring_walk.hpp"
#include "../source.hpp"

namespace slickq::cli {
namespace {

constexpr std::chrono::milliseconds kHolePatience{1000};
// For what is there already: its producers have had their time.
constexpr std::chrono::milliseconds kOldHolePatience{100};
// Long enough for an item that is just being written.
constexpr std::chrono::milliseconds kShort{2};
// How often a quiet queue is asked whether its name still leads to it.
constexpr std::chrono::milliseconds kQuiet{100};

// Of a file its name, without the way to it: replay takes it for a queue's.
pcapng::Interface describe(const View& view) {
  const Geometry& geometry = view.geometry();
  return {view.name().substr(view.name().rfind('/') + 1), geometry.describe(),
          fmt::format("slickq layout={} capacity={} element_size={} items_per_slot={}",
                      slickq::to_string(geometry.layout()), geometry.capacity(), geometry.element_size(),
                      geometry.items_per_slot())};
}

std::chrono::nanoseconds since_epoch() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace

CaptureClock::CaptureClock() : offset_(since_epoch() - std::chrono::steady_clock::now().time_since_epoch()) {}

pcapng::Stamp CaptureClock::now() const noexcept {
  return pcapng::Stamp(
      static_cast<std::uint64_t>((std::chrono::steady_clock::now().time_since_epoch() + offset_).count()));
}

Track::Track(Session& session, View view, Position from, bool only_what_is_there, pcapng::Writer& writer)
    : session_(&session),
      view_(std::move(view)),
      end_(only_what_is_there ? std::optional(view_.reserved_index()) : std::nullopt),
      reader_(view_, Start{Start::At::index, reading_start(session, view_, from)}),
      interface_(writer.add_interface(describe(view_))) {}

bool Track::step(std::uint64_t most, pcapng::Writer& writer, const CaptureClock& clock) {
  std::uint64_t taken = 0;
  while (taken < most && state_ == State::waiting) {
    if (end_ && reader_.cursor() >= *end_) {
      state_ = State::at_end;
      break;
    }
    const PopResult got = reader_.next(elements_);
    count_loss(got);
    if (got.what == Pop::reset) {
      ++tally_.resets;
      remark("the queue was reset");
      session_->note(fmt::format("-- {}: the queue was reset", name()));
      if (end_) state_ = State::at_end;  // what was there is there no more
      continue;
    }
    if (got.what != Pop::item) {
      if (got.lost > 0) continue;
      break;
    }
    if (end_ && got.index >= *end_) {
      state_ = State::at_end;
      break;
    }
    record(got, writer, clock.now());
    ++taken;
  }
  if (taken > 0) quiet_since_ = {};
  return taken > 0;
}

// What is lost beyond the end was not to be recorded.
void Track::count_loss(const PopResult& got) {
  const std::uint64_t end = end_.value_or(kNoIndex);
  if (got.lost == 0 || got.first_lost >= end) return;
  const std::uint64_t last = std::min(got.last_lost, end - 1);
  const std::uint64_t lost = std::min(got.lost, last - got.first_lost + 1);
  tally_.lost += lost;
  untold_loss_ += lost;
  remark(fmt::format("{} lost, {}..{}: overwritten before they were recorded", count_of(lost, "element"),
                     got.first_lost, last));
}

void Track::record(const PopResult& got, pcapng::Writer& writer, pcapng::Stamp when) {
  if (elements_.size() > pcapng::kLongestPayload) {
    throw Error(
        Errc::invalid_argument, name(),
        fmt::format("item {} has {} bytes, more than a packet of a capture can have", got.index, elements_.size()));
  }
  if (elements_.size() > pcapng::kLongestForWireshark && !told_of_length_) {
    told_of_length_ = true;
    session_->note(fmt::format("-- {}: Wireshark opens no packet above {} bytes; item {} has {}. slickq replay does",
                               name(), pcapng::kLongestForWireshark, got.index, elements_.size()));
  }
  writer.add_packet(interface_, when, got.index, elements_, std::exchange(untold_loss_, 0), remark_);
  remark_.clear();
  ++tally_.items;
  tally_.bytes += elements_.size();
  if (tally_.first_index == kNoIndex) tally_.first_index = got.index;
  tally_.last_index = got.index;
}

void Track::look_around() {
  if (state_ != State::waiting) return;
  const auto now = Clock::now();
  if (quiet_since_ == Clock::time_point{}) quiet_since_ = now;
  const auto quiet = now - quiet_since_;
  const std::uint64_t reserved = view_.reserved_index();
  const std::uint64_t waiting = reserved - std::min(reserved, reader_.cursor());
  // Half of the ring stands behind what we wait for: as long again, and what can be read now is lost.
  const bool urgent = quiet >= kShort && waiting > view_.geometry().capacity() / 2;
  if (quiet < kQuiet && !urgent) return;
  if (view_.is_live() && view_.is_detached()) {
    state_ = State::gone;
    remark("the queue was removed, or made anew");
    return;
  }
  view_.require_whole();
  if (waiting == 0 || (!urgent && quiet < (end_ ? kOldHolePatience : kHolePatience))) return;
  const auto hole = hole_around(view_, reader_.cursor());
  // Damage that is no hole: on to where a reader finds something again.
  const std::uint64_t next = hole ? hole->next : next_boundary(view_, reader_.cursor(), reserved);
  if (next < reserved || end_) walk_over(std::min(next, end_.value_or(kNoIndex)));
}

void Track::walk_over(std::uint64_t next) {
  const std::uint64_t from = reader_.cursor();
  ++tally_.holes;
  tally_.hole_elements += next - from;
  const std::string what = fmt::format("hole {}..{}: reserved, not published", from, next - 1);
  remark(what);
  session_->note(fmt::format("-- {}: {}; walked over", name(), what));
  reader_ = ViewReader(view_, Start{Start::At::index, next});
}

// For the next packet, or the end. Its length has 16 bits: what does not fit is in the counts only.
void Track::remark(std::string_view what) {
  constexpr std::size_t kLongest = 4096;
  if (remark_.size() + what.size() > kLongest) return;
  if (!remark_.empty()) remark_ += "; ";
  remark_ += what;
}

void Track::finish(pcapng::Writer& writer, pcapng::Stamp start, pcapng::Stamp end) {
  const std::uint64_t reserved = end_ ? 0 : view_.reserved_index();
  if (state_ == State::waiting && reserved > reader_.cursor()) {
    const std::string what = fmt::format("{} reserved from {} on, not published when the recording ended",
                                         count_of(reserved - reader_.cursor(), "element"), reader_.cursor());
    remark(what);
    session_->note(fmt::format("-- {}: {}", name(), what));
  }
  writer.add_statistics(interface_, {start, end, tally_.items, tally_.lost, std::exchange(remark_, {})});
}

}  // namespace slickq::cli
