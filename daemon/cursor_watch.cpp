#include "cursor_watch.hpp"

#include <algorithm>
#include <utility>

namespace slickqd {
namespace {

// A lag that swings around a limit is announced once, not in each round: it must fall this far below it first.
constexpr double kLagHysteresis = 0.9;

LagLevel level_of(double percent, LagLevel before, const LagPolicy& policy) {
  const auto at_least = [&](LagLevel level, double limit) {
    return percent >= (before >= level ? limit * kLagHysteresis : limit);
  };
  if (at_least(LagLevel::critical, policy.critical_percent)) return LagLevel::critical;
  if (at_least(LagLevel::warn, policy.warn_percent)) return LagLevel::warn;
  return LagLevel::ok;
}

// Seconds until the producers are a whole ring ahead, if both go on as they do. Nothing: they do not get nearer.
std::optional<double> time_to_overrun(const CursorStatus& cursor, const QueueNumbers& queue) {
  const double nearer_per_s = queue.reserved_per_s - cursor.advance_per_s;
  if (nearer_per_s <= 0) return std::nullopt;
  const std::uint64_t capacity = queue.geometry.capacity();
  return cursor.lag >= capacity ? 0.0 : static_cast<double>(capacity - cursor.lag) / nearer_per_s;
}

}  // namespace

CursorWatch::News CursorWatch::look(std::optional<std::uint64_t> value, const QueueNumbers* queue,
                                    const LagPolicy& policy, std::chrono::milliseconds interval, Monotonic now) {
  const CursorStatus before = std::exchange(status_, {.name = status_.name, .lost = status_.lost});
  const bool was_there = std::exchange(there_, value.has_value());
  if (!value || queue == nullptr) {
    speed_.forget();
    News news;
    news.vanished = was_there && !there_;
    return news;
  }
  notice_another_ring(*queue);
  const std::uint64_t capacity = queue->geometry.capacity();
  status_.value = value;
  status_.lag = queue->reserved > *value ? queue->reserved - *value : 0;
  status_.lag_percent = 100.0 * static_cast<double>(status_.lag) / static_cast<double>(capacity);
  status_.level = level_of(status_.lag_percent, before.level, policy);
  status_.advance_per_s = speed_.update(*value, now, interval / 2);
  status_.overrun_in_s = time_to_overrun(status_, *queue);
  count_losses(*value, queue->reserved > capacity ? queue->reserved - capacity : 0);

  News news;
  if (status_.level > before.level) news.risen_to = status_.level;
  news.overrun_soon = soon_.update(status_, interval, now);
  const std::uint64_t lost = status_.lost - before.lost;
  // A consumer that went on at the oldest element is still a whole ring behind: it has not caught up yet.
  const bool caught_up = lost == 0 && status_.lag_percent < 100 * kLagHysteresis;
  if (overrun_.update(lost > 0, caught_up)) news.lost = lost;
  return news;
}

void CursorWatch::count_losses(std::uint64_t value, std::uint64_t oldest) {
  if (!settled_) settled_ = std::max(value, oldest);  // what was lost before this watch began is not its business
  settled_ = std::max(*settled_, value);
  if (oldest <= *settled_) return;
  status_.lost += oldest - *settled_;
  settled_ = oldest;
}

// Made anew, or reset: what was taken of the old one says nothing about it.
void CursorWatch::notice_another_ring(const QueueNumbers& queue) noexcept {
  if (queue.inode != inode_ || queue.reserved < reserved_) {
    settled_.reset();
    speed_.forget();
  }
  inode_ = queue.inode;
  reserved_ = queue.reserved;
}

}  // namespace slickqd
