#include "death_scene.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <stdexcept>

#include "original_reader.hpp"
#include "slickq/inspect.hpp"
#include "slickq/scan.hpp"
#include "support/payload.hpp"

namespace death_test {
namespace {

using slickq::Geometry;
using slickq::Layout;
using slickq::Pop;
using test_support::Payload;

slickq::Queue create(const test_support::ShmDir& dir, const Shape& shape) {
  slickq::CreateOptions options;
  options.shm_dir = dir.path();
  const auto capacity = std::uint64_t{kSlots} * shape.items_per_slot;
  return slickq::Queue::create("q", Geometry::make(shape.layout, capacity, kElementBytes, shape.items_per_slot),
                               options);
}

Got item_in(std::span<const std::byte> bytes) {
  const auto payload = Payload::read(bytes, 2);
  if (payload.producer() > kVictim || !payload.matches(bytes)) throw std::runtime_error("torn");
  return {payload.producer(), payload.distance_from(0, bytes.size()),
          static_cast<std::uint32_t>(bytes.size() / kElementBytes)};
}

}  // namespace

const std::vector<Shape>& all_shapes() {
  static const std::vector<Shape> shapes{{Layout::wide, 1}, {Layout::packed, 1}, {Layout::slq0, 1},
                                         {Layout::slq1, 1}, {Layout::slq0, 2},   {Layout::slq1, 2}};
  return shapes;
}

std::string describe(const Shape& shape) {
  return std::string(slickq::to_string(shape.layout)) + (shape.items_per_slot == 1 ? "" : ", 2 per slot");
}

std::vector<std::byte> bytes_of(const Got& item) {
  std::vector<std::byte> bytes(std::size_t{item.count} * kElementBytes);
  Payload(item.producer, item.sequence).write(bytes);
  return bytes;
}

Readers::Readers(slickq::Queue& queue, const slickq::View& view, std::uint64_t from, bool original)
    : queue_(&queue),
      from_(from),
      has_original_(original),
      own_(queue, {slickq::Start::At::index, from}),
      batch_(queue, {slickq::Start::At::index, from}),
      shared_at_(from),
      shared_(queue, slickq::AtomicCursor(&shared_at_)),
      view_(view, {slickq::Start::At::index, from}),
      original_at_(from) {}

template <class PopOne>
void Readers::take_all(std::vector<Got>& got, PopOne pop) {
  std::array<std::byte, 2 * kSlots * kElementBytes> buffer;
  for (;;) {
    const slickq::PopResult result = pop(buffer);
    if (result.what == Pop::empty) return;
    if (result.what != Pop::item) throw std::runtime_error("neither an item nor nothing");
    got.push_back(item_in(std::span(buffer).first(std::size_t{result.count} * kElementBytes)));
  }
}

void Readers::read_on() {
  take_all(by_own_, [&](std::span<std::byte> buffer) { return own_.pop_into(buffer); });
  take_all(by_shared_, [&](std::span<std::byte> buffer) { return shared_.pop_into(buffer); });
  take_all(by_view_, [&](std::span<std::byte> buffer) {
    std::vector<std::byte> out;
    const auto result = view_.next(out);
    std::copy(out.begin(), out.end(), buffer.begin());
    return result;
  });
  std::array<std::byte, 2 * kSlots * kElementBytes> buffer;
  std::array<slickq::BatchItem, 3> items;
  std::span<slickq::BatchItem> taken;
  while (batch_.pop_batch(buffer, items, taken).what == Pop::item) {
    for (const auto& item : taken) by_batch_.push_back(item_in(item.bytes));
  }
  const slickq::Ring& ring = queue_->ring();
  while (has_original_) {
    const auto item = ring_test::original_read(ring, original_at_);
    if (!item.found) break;
    by_original_.push_back(item_in({ring.element(item.index), std::size_t{item.size} * kElementBytes}));
  }
  for (const auto* consumer : {&own_, &batch_}) {
    std::uint64_t received = 0;
    for (const Got& item : consumer == &own_ ? by_own_ : by_batch_) {
      received += queue_->geometry().footprint(item.count);
    }
    if (from_ + received + consumer->lost_elements() + consumer->skipped_elements() != consumer->cursor()) {
      throw std::runtime_error("received + lost + skipped is not how far the cursor went");
    }
  }
}

std::vector<Readers::Account> Readers::accounts() const {
  std::vector<Account> all{{"Consumer", by_own_, own_.cursor(), own_.lost_elements()},
                           {"Consumer, in batches", by_batch_, batch_.cursor(), batch_.lost_elements()},
                           {"SharedConsumer", by_shared_, shared_at_, shared_.lost_elements()},
                           {"ViewReader", by_view_, view_.cursor(), view_.lost_elements()}};
  if (has_original_) all.push_back({"original", by_original_, original_at_, 0});
  return all;
}

void Readers::check_all_arrived(const Scene& scene) const {
  for (const Account& account : accounts()) {
    CAPTURE(account.kind);
    CHECK(account.got == scene.expected());
    CHECK(account.cursor == scene.view().reserved_index());
    CHECK(account.lost == 0);
  }
}

Scene::Scene(const Shape& shape)
    : queue_(create(dir_, shape)),
      view_(slickq::View::open_segment("q", dir_.path())),
      blank_(bytes().begin(), bytes().end()) {}

std::span<const std::byte> Scene::bytes() const { return {queue_.segment().data(), queue_.segment().bytes()}; }

void Scene::begin(std::uint32_t lead) {
  survivor_.reset();
  std::memcpy(queue_.segment().data(), blank_.data(), blank_.size());
  survivor_.emplace(queue_);
  victims_line_ = kVictim;
  lead_ = lead;
  sequence_ = 0;
  push(lead);
  expected_.clear();
}

slickq::Slot Scene::slot_of(std::uint64_t index) const {
  slickq::Slot slot;
  const auto offset = slickq::kHeaderBytes + sizeof slot * queue_.geometry().slot_of(index);
  std::memcpy(&slot, queue_.segment().data() + offset, sizeof slot);
  return slot;
}

slickq::Producer& Scene::survivor() {
  if (!survivor_) survivor_.emplace(queue_);
  return *survivor_;
}

void Scene::retire_survivor() {
  survivor_.reset();
  victims_line_ = 0;  // the first that is free
}

slickq::Claim Scene::victims_claim() const {
  return slickq::Journal(queue_.annex(), queue_.geometry()).claim(victims_line_);
}

void Scene::push(std::uint32_t items, std::uint32_t slots) {
  for (std::uint32_t k = 0; k < items; ++k) {
    const Got item{kSurvivor, sequence_++, static_cast<std::uint32_t>(slots * step())};
    REQUIRE(survivor().push_block(bytes_of(item)) == slickq::Push::pushed);
    expected_.push_back(item);
  }
}

void Scene::check_sound() const {
  CHECK(slickq::scan(view_).holes.empty());
  const auto findings = slickq::verify(view_, 0);
  CHECK_MESSAGE(findings.empty(), std::string(findings.empty() ? "" : findings.front().text));
  for (const slickq::LineSight& line : slickq::look_at_journal(view_)) CHECK_FALSE(line.dead);
}

void Scene::repair() {
  slickq::Repairer repairer(queue_);
  const auto plan = repairer.plan();
  CHECK(plan.doubts.empty());
  CHECK(repairer.apply(plan));
  const auto again = repairer.plan();
  CHECK(again.repairs.empty());
  CHECK(again.doubts.empty());
  CHECK(again.dead.empty());
}

}  // namespace death_test
