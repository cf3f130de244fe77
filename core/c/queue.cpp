#include "slickq/queue.hpp"

#include <optional>

#include "boundary.hpp"
#include "handles.hpp"
#include "settings.hpp"
#include "slickq/error.hpp"
#include "slickq/removal.hpp"

using slickq::Access;
using slickq::CreateOptions;
using slickq::Errc;
using slickq::Error;
using slickq::Geometry;
using slickq::Queue;
using slickq::c::guarded;
using slickq::c::is_null;

namespace {

Geometry geometry_of(const char* call, const slickq_queue_options& options) {
  if (options.must_be_zero != 0) {
    throw slickq::c::invalid(call, "must_be_zero is not 0", "fill the options with zeros first");
  }
  return Geometry::make(slickq::c::layout_of(call, options.layout), options.capacity, options.element_size,
                        options.items_per_slot == 0 ? 1 : options.items_per_slot);
}

CreateOptions create_options_of(const char* call, const slickq_queue_options& options) {
  return slickq::c::create_options(call, options.shm_dir, options.mode, options.flags, SLICKQ_ALL_FLAGS);
}

// All memory first: behind make() nothing fails, so that no name is left of a queue whose handle could not be made.
template <class Make>
void hand_out(slickq_queue** to, Make make) {
  auto place = std::make_shared<std::optional<Queue>>();
  auto handle = std::make_unique<slickq_queue>();
  Queue& queue = place->emplace(make());
  handle->queue = std::shared_ptr<Queue>(std::move(place), &queue);
  *to = handle.release();
}

// The two calls that may make a segment: make(geometry, how) is Queue's part of them.
template <class Make>
slickq_status make_named(const char* call, const char* name, const slickq_queue_options* options, slickq_queue** queue,
                         Make make) noexcept {
  if (queue == nullptr) return is_null(call, "queue");
  *queue = nullptr;
  if (name == nullptr) return is_null(call, "name");
  if (options == nullptr) return is_null(call, "options");
  return guarded([&] {
    const auto wanted = slickq::c::options_of(call, options);
    const auto geometry = geometry_of(call, wanted);
    const auto creating = create_options_of(call, wanted);
    hand_out(queue, [&] { return make(geometry, creating); });
  });
}

}  // namespace

slickq_status slickq_queue_create(const char* name, const slickq_queue_options* options,
                                  slickq_queue** queue) noexcept {
  return make_named(
      "slickq_queue_create", name, options, queue,
      [&](const Geometry& geometry, const CreateOptions& creating) { return Queue::create(name, geometry, creating); });
}

slickq_status slickq_queue_open(const char* name, const slickq_open_options* options, slickq_queue** queue) noexcept {
  constexpr const char* kCall = "slickq_queue_open";
  if (queue == nullptr) return is_null(kCall, "queue");
  *queue = nullptr;
  if (name == nullptr) return is_null(kCall, "name");
  return guarded([&] {
    const auto wanted = slickq::c::options_of(kCall, options);
    const auto hints = slickq::c::hints_of(kCall, wanted.flags);
    const auto access = slickq::c::access_of(kCall, wanted.access);
    hand_out(queue, [&] {
      Queue opened = Queue::open(name, slickq::c::text(wanted.shm_dir), access);
      opened.advise(hints);
      return opened;
    });
  });
}

slickq_status slickq_queue_open_or_create(const char* name, const slickq_queue_options* options,
                                          slickq_queue** queue) noexcept {
  return make_named("slickq_queue_open_or_create", name, options, queue,
                    [&](const Geometry& geometry, const CreateOptions& creating) {
                      Queue found = Queue::open_or_create(name, geometry, creating);
                      if (!found.is_creator()) {
                        found.advise({creating.prefault, creating.lock_memory, creating.huge_pages});
                      }
                      return found;
                    });
}

slickq_status slickq_queue_local(const slickq_queue_options* options, slickq_queue** queue) noexcept {
  constexpr const char* kCall = "slickq_queue_local";
  if (queue == nullptr) return is_null(kCall, "queue");
  *queue = nullptr;
  if (options == nullptr) return is_null(kCall, "options");
  return guarded([&] {
    const auto wanted = slickq::c::options_of(kCall, options);
    if (wanted.shm_dir != nullptr || wanted.mode != 0 || wanted.flags != 0) {
      throw slickq::c::invalid(kCall, "shm_dir, mode or flags is set, and a local queue has no segment",
                               "leave them 0, or create a named queue");
    }
    hand_out(queue, [&] { return Queue::local(geometry_of(kCall, wanted)); });
  });
}

void slickq_queue_close(slickq_queue* queue) noexcept { delete queue; }

slickq_status slickq_queue_get_info(const slickq_queue* queue, slickq_queue_info* info) noexcept {
  constexpr const char* kCall = "slickq_queue_get_info";
  if (queue == nullptr) return is_null(kCall, "queue");
  if (info == nullptr) return is_null(kCall, "info");
  return guarded([&] {
    const Queue& of = *queue->queue;
    const Geometry& geometry = of.geometry();
    slickq_queue_info facts{};
    facts.name = of.name().c_str();
    facts.path = of.segment().path().c_str();
    facts.capacity = geometry.capacity();
    facts.element_size = geometry.element_size();
    facts.items_per_slot = geometry.items_per_slot();
    facts.reserved = of.ring().reserved_index();
    facts.last_published = of.ring().last_published();
    facts.layout = slickq::c::layout_number(geometry.layout());
    facts.is_writable = of.writable();
    facts.is_creator = of.is_creator();
    facts.has_journal = of.annex() != nullptr;
    slickq::c::give(kCall, facts, info);
  });
}

slickq_status slickq_queue_is_detached(const slickq_queue* queue, int* is_detached) noexcept {
  constexpr const char* kCall = "slickq_queue_is_detached";
  if (queue == nullptr) return is_null(kCall, "queue");
  if (is_detached == nullptr) return is_null(kCall, "is_detached");
  *is_detached = queue->queue->is_detached() ? 1 : 0;
  return SLICKQ_OK;
}

slickq_status slickq_queue_reset(slickq_queue* queue, int force) noexcept {
  if (queue == nullptr) return is_null("slickq_queue_reset", "queue");
  return guarded([&] { queue->queue->reset(force != 0); });
}

slickq_status slickq_unlink(const char* name, const slickq_unlink_options* options) noexcept {
  constexpr const char* kCall = "slickq_unlink";
  if (name == nullptr) return is_null(kCall, "name");
  return guarded([&] {
    const auto wanted = slickq::c::options_of(kCall, options);
    slickq::RemoveOptions how;
    how.shm_dir = slickq::c::text(wanted.shm_dir);
    how.force = wanted.force != 0;
    how.dry_run = wanted.dry_run != 0;
    how.inode = wanted.inode;
    const slickq::Removal removal = slickq::remove_segment(name, how);
    if (removal.removed) return;
    throw Error(Errc::busy, name, "held by " + removal.holders.describe(), "close it there first, or force it");
  });
}
