// What the handles of <slickq/slickq.h> are. Each shares what it needs, so that they may be closed in any order.
//
// Thread safety: as the C++ object within.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "slickq/consumer.hpp"
#include "slickq/cursor.hpp"
#include "slickq/producer.hpp"
#include "slickq/queue.hpp"
#include "slickq/slickq.h"

struct slickq_queue {
  std::shared_ptr<slickq::Queue> queue;
};

struct slickq_cursor {
  std::shared_ptr<const slickq::NamedCursor> segment;  // null: the caller's memory
  slickq::AtomicCursor cursor;

  bool is_writable() const noexcept { return !segment || segment->segment().writable(); }
};

struct slickq_producer {
  slickq_producer(std::shared_ptr<slickq::Queue> on, slickq::ProducerOptions options)
      : queue(std::move(on)), producer(*queue, std::move(options)) {}

  std::shared_ptr<slickq::Queue> queue;
  std::vector<std::shared_ptr<const slickq::NamedCursor>> respected;  // kept mapped
  slickq::Producer producer;
  // At most one of them; they end before the producer does.
  std::optional<slickq::Reservation> reservation;
  std::optional<slickq::Burst> burst;
};

struct slickq_consumer {
  std::shared_ptr<slickq::Queue> queue;
  slickq::Wait wait = slickq::Wait::block();
  std::uint64_t element_size = 0;
  // One of them.
  std::optional<slickq::Consumer> own;
  std::optional<slickq::SharedConsumer> shared;
  slickq_cursor cursor;  // of `shared`
  std::vector<slickq::BatchItem> batch;
};
