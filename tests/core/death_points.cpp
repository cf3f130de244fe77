#include "death_points.hpp"

#include <algorithm>
#include <cstring>

namespace death_test {
namespace {

using slickq::Geometry;
using slickq::JournalState;
using slickq::Producer;

enum class Written : std::uint8_t { nothing, some, all };

struct Facts {
  bool alone;
  JournalState journal;
  bool advanced;
  bool jumped;  // no marker is wanted at the end of the ring, or it is there
  Written written;
  bool far_marker;
  bool rest_marked;
  std::size_t items;
  std::size_t visible;
  bool last_is_behind;

  bool is_untouched() const { return written == Written::nothing && !far_marker && !rest_marked; }
};

struct Row {
  Point point;
  const char* name;
  bool (*matches)(const Facts& f);
};

// The only producer's line says `reserving` from its first breath to its last.
bool is_at_rest(const Facts& f) { return f.journal == (f.alone ? JournalState::reserving : JournalState::idle); }
bool is_held(const Facts& f) {
  return f.journal == (f.alone ? JournalState::reserving : JournalState::held) && f.advanced && f.jumped;
}
bool is_reserving(const Facts& f) { return f.journal == JournalState::reserving && f.is_untouched() && f.visible == 0; }
bool is_unseen(const Facts& f) { return is_held(f) && f.visible == 0 && !f.rest_marked && !f.far_marker; }
bool is_seen(const Facts& f) { return is_held(f) && f.visible != 0; }

constexpr Row kRows[] = {
    {Point::before_reserve, "before reserve",
     [](const Facts& f) { return is_at_rest(f) && !f.advanced && f.is_untouched(); }},
    {Point::reserving, "journal reserving", [](const Facts& f) { return is_reserving(f) && !f.advanced; }},
    {Point::marker_missing, "C advanced, jump marker missing",
     [](const Facts& f) { return is_reserving(f) && f.advanced && !f.jumped; }},
    {Point::advanced, "C advanced", [](const Facts& f) { return is_reserving(f) && f.advanced && f.jumped; }},
    {Point::held, "held", [](const Facts& f) { return is_unseen(f) && f.written == Written::nothing; }},
    {Point::partly_written, "partly written",
     [](const Facts& f) { return is_unseen(f) && f.written == Written::some; }},
    {Point::written, "written", [](const Facts& f) { return is_unseen(f) && f.written == Written::all; }},
    {Point::far_marker, "the far marker of two",
     [](const Facts& f) { return is_held(f) && f.far_marker && !f.rest_marked; }},
    {Point::rest_marked, "marker over what is not published",
     [](const Facts& f) { return is_held(f) && f.visible == 0 && f.rest_marked; }},
    {Point::some_behind, "some items published, last_published behind",
     [](const Facts& f) { return is_seen(f) && f.visible < f.items && f.last_is_behind; }},
    {Point::some_published, "some items published",
     [](const Facts& f) { return is_seen(f) && f.visible < f.items && !f.last_is_behind; }},
    {Point::published_behind, "published, last_published behind",
     [](const Facts& f) { return is_seen(f) && f.visible == f.items && f.last_is_behind; }},
    {Point::published, "published, still held",
     [](const Facts& f) { return is_seen(f) && f.visible == f.items && !f.last_is_behind; }},
    {Point::idle_again, "idle again",
     [](const Facts& f) {
       return f.journal == JournalState::idle && f.advanced && f.visible == f.items && !f.last_is_behind;
     }},
};

std::uint64_t first_index(const Operation& operation, const Scene& scene) { return operation.first * scene.step(); }

std::uint64_t index_of(const Operation& operation, const Operation::Item& item, const Scene& scene) {
  return first_index(operation, scene) + item.at * scene.step();
}

std::uint32_t elements_in(const Operation::Item& item, const Scene& scene) {
  return item.elements + item.slots * static_cast<std::uint32_t>(scene.step());
}

bool leads(const Scene& scene, std::uint64_t from, std::uint64_t to) { return scene.slot_of(from).data_index == to; }

Written written(const Operation& operation, const Scene& scene, std::span<const std::byte> before) {
  bool any = false;
  bool all = true;
  const slickq::Geometry& geometry = scene.view().geometry();
  const auto wanted = elements_of(operation, scene);
  std::size_t at = 0;
  for (const Operation::Item& item : operation.items) {
    for (std::uint32_t k = 0; k < elements_in(item, scene); ++k) {
      const auto place =
          geometry.data_offset() + ((index_of(operation, item, scene) + k) & geometry.mask()) * kElementBytes;
      any |= std::memcmp(scene.bytes().data() + place, before.data() + place, kElementBytes) != 0;
      all &= std::memcmp(scene.bytes().data() + place, wanted.data() + at, kElementBytes) == 0;
      at += kElementBytes;
    }
  }
  return !any ? Written::nothing : all ? Written::all : Written::some;
}

Facts facts_of(const Operation& operation, const Scene& scene, std::span<const std::byte> before) {
  const std::uint64_t first = first_index(operation, scene);
  const std::uint64_t end = first + operation.slots * scene.step();
  const std::uint64_t second = first + scene.step();
  Facts f{};
  f.alone = operation.alone;
  f.journal = scene.victims_claim().state;
  f.advanced = scene.view().reserved_index() != scene.reserved_at_begin();
  f.jumped = !operation.straddles() || leads(scene, scene.reserved_at_begin(), first);
  f.written = written(operation, scene, before);
  f.far_marker = operation.is_whole_ring() && leads(scene, second, end);
  f.items = operation.items.size();
  f.visible = visible_items(operation, scene);
  if (operation.is_whole_ring()) {
    f.rest_marked = leads(scene, first, second);
  } else if (f.items == 0) {
    f.rest_marked = leads(scene, first, end);
  } else if (const auto& last = operation.items.back(); last.at + 1 < operation.slots && last.slots == 0) {
    f.rest_marked = leads(scene, index_of(operation, last, scene) + scene.step(), end);
  }
  if (f.visible != 0 && slickq::has_last_published(scene.view().geometry().layout())) {
    std::uint64_t last_published;
    std::memcpy(&last_published, scene.bytes().data() + offsetof(slickq::Header, last_published),
                sizeof last_published);
    f.last_is_behind = last_published != index_of(operation, operation.items[f.visible - 1], scene);
  }
  return f;
}

using Elements = std::span<const std::byte>;

std::vector<Operation> make_operations() {
  using enum Point;
  return {
      {"push",
       5,
       5,
       1,
       {{0, 1, 0}},
       [](Producer& p, const Geometry&, Elements e) { (void)p.push(e); },
       {before_reserve, reserving, advanced, held, partly_written, written, published, idle_again}},
      {"push_block over the end",
       14,
       16,
       3,
       {{0, 0, 3}},
       [](Producer& p, const Geometry&, Elements e) { (void)p.push_block(e); },
       {before_reserve, reserving, marker_missing, advanced, held, partly_written, written, published, idle_again}},
      {"push_batch over the end",
       14,
       14,
       4,
       {{0, 1, 0}, {1, 1, 0}, {2, 1, 0}, {3, 1, 0}},
       [](Producer& p, const Geometry&, Elements e) { (void)p.push_batch(e); },
       {before_reserve, reserving, advanced, held, partly_written, some_published, published, idle_again}},
      {"burst over the end",
       14,
       14,
       4,
       {{0, 1, 0}, {1, 1, 0}, {2, 1, 0}, {3, 1, 0}},
       [](Producer& p, const Geometry&, Elements e) {
         auto burst = p.burst(4);
         for (; !e.empty(); e = e.subspan(kElementBytes)) (void)burst.push(e.first(kElementBytes));
       },
       {before_reserve, reserving, advanced, held, partly_written, some_published, published, idle_again}},
      {"publish fewer than reserved",
       5,
       5,
       3,
       {{0, 1, 0}},
       [](Producer& p, const Geometry& g, Elements e) {
         auto reservation = p.reserve(3 * g.items_per_slot());
         slickq::HardwareMemory::copy_in(reservation.data().data(), e.data(), e.size());
         (void)reservation.publish(1);
       },
       {before_reserve, reserving, advanced, held, partly_written, written, rest_marked, published, idle_again}},
      {"abandon",
       5,
       5,
       2,
       {},
       [](Producer& p, const Geometry& g, Elements) { p.reserve(2 * g.items_per_slot()).abandon(); },
       {before_reserve, reserving, advanced, held, rest_marked, idle_again}},
      {"abandon the whole ring",
       16,
       16,
       kSlots,
       {},
       [](Producer& p, const Geometry& g, Elements) { p.reserve(g.capacity()).abandon(); },
       {before_reserve, reserving, advanced, held, far_marker, rest_marked, idle_again}},
  };
}

// What the only producer does of the same, and what moves the bound in its line: five pushes are more than a quarter of
// the ring.
std::vector<Operation> make_operations_alone() {
  using enum Point;
  std::vector<Operation> operations = make_operations();
  for (Operation& operation : operations) {
    operation.alone = true;
    for (const Point never : {reserving, held, idle_again}) std::erase(operation.points, never);
  }
  operations.push_back({"five pushes",
                        5,
                        5,
                        5,
                        {{0, 1, 0}, {1, 1, 0}, {2, 1, 0}, {3, 1, 0}, {4, 1, 0}},
                        [](Producer& p, const Geometry&, Elements e) {
                          for (; !e.empty(); e = e.subspan(kElementBytes)) (void)p.push(e.first(kElementBytes));
                        },
                        {before_reserve, advanced, partly_written, some_published, published},
                        true});
  return operations;
}

}  // namespace

slickq::ProducerOptions Operation::options() const {
  slickq::ProducerOptions options;
  options.mode = alone ? slickq::ProducerMode::single : slickq::ProducerMode::multi;
  return options;
}

const char* to_string(Point point) {
  for (const Row& row : kRows) {
    if (row.point == point) return row.name;
  }
  return "a state that the protocol does not allow";
}

const std::vector<Operation>& all_operations() {
  static const std::vector<Operation> operations = [] {
    std::vector<Operation> all = make_operations();
    for (Operation& operation : make_operations_alone()) all.push_back(std::move(operation));
    return all;
  }();
  return operations;
}

std::vector<Got> items_of(const Operation& operation, const Scene& scene) {
  std::vector<Got> items;
  for (const Operation::Item& item : operation.items)
    items.push_back({kVictim, items.size(), elements_in(item, scene)});
  return items;
}

std::vector<std::byte> elements_of(const Operation& operation, const Scene& scene) {
  std::vector<std::byte> elements;
  for (const Got& item : items_of(operation, scene)) {
    const auto bytes = bytes_of(item);
    elements.insert(elements.end(), bytes.begin(), bytes.end());
  }
  return elements;
}

std::size_t visible_items(const Operation& operation, const Scene& scene) {
  return static_cast<std::size_t>(
      std::count_if(operation.items.begin(), operation.items.end(), [&](const Operation::Item& item) {
        const std::uint64_t index = index_of(operation, item, scene);
        return scene.slot_of(index).data_index == index;
      }));
}

Point point_of(const Operation& operation, const Scene& scene, std::span<const std::byte> before) {
  const Facts facts = facts_of(operation, scene, before);
  for (const Row& row : kRows) {
    if (row.matches(facts)) return row.point;
  }
  return Point::unknown;
}

std::vector<Point> required_points(const Operation& operation, const Shape& shape) {
  std::vector<Point> points = operation.points;
  if (!slickq::has_last_published(shape.layout)) return points;
  if (std::count(points.begin(), points.end(), Point::published) != 0) points.push_back(Point::published_behind);
  // A run raises last_published once, at its end.
  std::replace(points.begin(), points.end(), Point::some_published, Point::some_behind);
  return points;
}

}  // namespace death_test
