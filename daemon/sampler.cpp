#include "sampler.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "probe.hpp"
#include "slickq/error.hpp"
#include "slickq/scan.hpp"

namespace slickqd {
namespace {

constexpr std::size_t kHolesListed = 64;  // more would only make the status long

}  // namespace

std::optional<Look> Sampler::look(const QueueConfig& queue, const std::string& shm_dir, HolderPass& holders,
                                  Monotonic now, std::chrono::milliseconds shortest) {
  shortest_ = shortest;
  try {
    // A lease makes open() fail for some milliseconds: open_segment() waits for it to go, as long as the round may.
    return look_at(slickq::View::open_segment(queue.name, shm_dir), queue, holders, now);
  } catch (const slickq::Error& error) {
    if (is_for_now(error)) {
      why_blind_ = error.what();
      return std::nullopt;
    }
    forget();
    inode_.reset();
    if (error.code() == slickq::Errc::not_found) return Look{};
    return Look{Sight::differs, error.what(), std::nullopt};
  }
}

Look Sampler::look_at(const slickq::View& view, const QueueConfig& queue, HolderPass& holders, Monotonic now) {
  const slickq::FileFacts facts = view.facts();
  const bool replaced = inode_.has_value() && *inode_ != facts.inode;
  if (replaced) forget();
  inode_ = facts.inode;

  QueueNumbers numbers{.geometry = view.geometry()};
  numbers.device = facts.device;
  numbers.inode = facts.inode;
  numbers.bytes = facts.bytes;
  numbers.resident_bytes = facts.resident_bytes;
  measure(view, numbers, now);
  numbers.holders = holders.of(view.path());

  Look look;
  if (view.geometry() != queue.geometry) {
    look.sight = Sight::differs;
    look.problem = "is " + view.geometry().describe() + "; configured " + queue.geometry.describe();
  } else if (replaced) {
    look.sight = Sight::replaced;
  } else {
    look.sight = holes_.has_older_than(queue.stall.after, now) ? Sight::stuck : Sight::flowing;
  }
  look.numbers = std::move(numbers);
  return look;
}

void Sampler::measure(const slickq::View& view, QueueNumbers& numbers, Monotonic now) {
  const slickq::HeaderBytes header = view.header();
  const slickq::Layout layout = view.geometry().layout();
  const std::uint64_t reserved = slickq::reserved_index(header, layout);
  if (last_ && reserved < last_->reserved) forget();  // the queue was reset

  slickq::ScanOptions options;
  options.frontier = choose_frontier(reserved, view.geometry().capacity());
  options.slot_budget = slot_budget_;
  options.hole_limit = kHolesListed;
  const slickq::Scan scan = slickq::scan(view, options);
  if (!scan.consistent) behind_ = true;

  holes_.update(scan.holes, slickq::owners_of(view, scan.holes), now);
  numbers.holes = holes_.holes();
  numbers.reserved = scan.reserved;
  numbers.published = scan.published;
  published_most_ = std::max(published_most_, scan.published);
  numbers.published_most = published_most_;
  numbers.unpublished = scan.unpublished;
  numbers.complete = scan.scanned_to >= scan.reserved;
  numbers.consistent = scan.consistent;
  const std::uint64_t newest = slickq::last_published_index(header, layout);
  if (newest != slickq::kNoIndex) numbers.last_published = newest;
  measure_speed(numbers, now);
  last_ = Last{scan.reserved, scan.published};
}

void Sampler::measure_speed(QueueNumbers& numbers, Monotonic now) {
  numbers.reserved_per_s = reserved_speed_.update(numbers.reserved, now, shortest_);
  numbers.published_per_s = published_speed_.update(numbers.published, now, shortest_);
  const std::uint64_t capacity = numbers.geometry.capacity();
  numbers.laps = numbers.reserved / capacity;
  if (numbers.reserved_per_s > 0) numbers.turnover_s = static_cast<double>(capacity) / numbers.reserved_per_s;
}

// Where the scan goes on. A ring that lapped since the last round holds no hole older than that round, so
// only the current lap is read, which begins at a multiple of N: no item straddles the end. Once the ring is
// slower again, the part before that is made up for in one full scan.
std::uint64_t Sampler::choose_frontier(std::uint64_t reserved, std::uint64_t capacity) {
  if (last_ && reserved - last_->reserved >= capacity) {
    behind_ = true;
    return reserved / capacity * capacity;
  }
  if (behind_ || !last_ || reserved - last_->published > capacity) {
    behind_ = false;
    return slickq::kNoIndex;
  }
  return last_->published;
}

void Sampler::forget() noexcept {
  last_.reset();
  published_most_ = 0;
  behind_ = true;
  holes_.clear();
  reserved_speed_.forget();
  published_speed_.forget();
}

}  // namespace slickqd
