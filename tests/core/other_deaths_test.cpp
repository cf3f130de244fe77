// Who is not a producer is killed, too: a consumer in the middle of taking from a shared cursor, and a repairer in the
// middle of a repair, at every instruction (see deaths_test.cpp).
#include <doctest/doctest.h>

#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tracing.hpp"

using death_test::all_shapes;
using death_test::describe;
using death_test::kSlots;
using death_test::Readers;
using death_test::Scene;
using death_test::Shape;
using slickq::Journal;
using slickq::Pop;
using test_support::Gate;
using test_support::TracedChild;

namespace {

using Cursor = test_support::Shared<std::uint64_t>;

struct Take {
  const char* name;
  std::uint32_t items;  ///< it claims in one step
  void (*run)(slickq::SharedConsumer& consumer, std::span<std::byte> buffer);
};
constexpr Take kTakes[] = {
    {"pop_into", 1, [](slickq::SharedConsumer& c, std::span<std::byte> buffer) { (void)c.pop_into(buffer); }},
    {"pop_batch", 3,
     [](slickq::SharedConsumer& c, std::span<std::byte> buffer) {
       std::array<slickq::BatchItem, 3> items;
       std::span<slickq::BatchItem> taken;
       (void)c.pop_batch(buffer, items, taken);
     }},
};

// What lies in front of the shared cursor: a jump marker, an item of three slots, two of one.
void lay_out(Scene& scene, std::uint64_t& cursor) {
  scene.begin(14);
  cursor = scene.reserved_at_begin();
  scene.push(1, 3);
  scene.push(2);
}

// Journal lines of nobody: their owners are dead.
class DeadLines {
 public:
  explicit DeadLines(Scene& scene) : journal_(scene.queue().annex(), scene.queue().geometry()) {}
  void held(std::uint64_t index, std::uint64_t end) {
    journal_.held(next_, index, end);
    journal_.raise_top(++next_);
  }
  void reserving(std::uint64_t bound) {
    journal_.reserving(next_, bound);
    journal_.raise_top(++next_);
  }

 private:
  Journal journal_;
  std::uint32_t next_ = death_test::kVictim;
};

struct Holes {
  const char* name;
  std::uint32_t missing;  ///< slots
  std::uint32_t dead;     ///< journal lines
  void (*lay_out)(Scene& scene);
};
constexpr Holes kHoles[] = {
    {"two dead neighbours, and one over the end of the ring", 6, 3,
     [](Scene& scene) {
       auto& ring = scene.queue().ring();
       const auto step = scene.step();
       scene.begin(5);
       DeadLines dead(scene);
       const std::uint64_t first = ring.reserve(static_cast<std::uint32_t>(3 * step));
       dead.held(first, first + 3 * step);
       dead.reserving(ring.reserve(static_cast<std::uint32_t>(step)));
       scene.push(6);
       const std::uint64_t last = ring.reserve_singles(2).index;
       dead.held(last, last + 2 * step);
       scene.push(1);
     }},
    {"the whole ring", kSlots, 1,
     [](Scene& scene) {
       scene.begin(kSlots);
       const std::uint64_t first = scene.queue().ring().reserve(scene.queue().geometry().capacity());
       DeadLines(scene).held(first, scene.queue().ring().reserved_index());
     }},
};

// How far a repair has come: slots still missing, journal lines still in use.
std::pair<std::uint32_t, std::uint32_t> left_of(const Scene& scene) {
  const auto& geometry = scene.view().geometry();
  const std::uint64_t reserved = scene.view().reserved_index();
  std::uint32_t missing = 0;
  for (std::uint64_t i = reserved - std::min<std::uint64_t>(reserved, geometry.capacity()); i < reserved;
       i += scene.step()) {
    const std::uint64_t held = scene.slot_of(i).data_index;
    if (held == slickq::kNoIndex || held < i) ++missing;
  }
  std::uint32_t dead = 0;
  for (const slickq::LineSight& line : slickq::look_at_journal(scene.view())) dead += line.dead ? 1 : 0;
  return {missing, dead};
}

}  // namespace

TEST_CASE("a consumer killed at any instruction of a claim takes that claim with it, and nothing else") {
  if (!test_support::may_trace()) return;
  Cursor cursor;
  for (const Shape& shape : all_shapes()) {
    Scene scene(shape);
    for (const Take& take : kTakes) {
      CAPTURE(describe(shape));
      CAPTURE(std::string(take.name));
      const auto victim = [&](const Gate& gate) {
        const slickq::Queue queue = slickq::Queue::open("q", scene.dir());
        slickq::SharedConsumer consumer(queue, slickq::AtomicCursor(&*cursor));
        gate.begin();
        take.run(consumer, death_test::fixed_buffer());
        gate.end();
      };
      lay_out(scene, *cursor);
      Readers(scene.queue(), scene.view(), *cursor).read_on();  // once in this process, as in scout()
      const auto scouted = death_test::scout(std::as_bytes(std::span(&*cursor, 1)), victim);
      std::set<std::uint64_t> hits;
      for (const std::uint64_t moment : scouted.choice(shape)) {
        lay_out(scene, *cursor);
        {
          TracedChild child(victim);
          REQUIRE(scouted.lead(child, moment));
        }  // killed
        hits.insert(*cursor);
        const bool claimed = *cursor > kSlots * scene.step();
        scene.push(1);
        Readers readers(scene.queue(), scene.view(), *cursor);
        auto& expected = scene.expected();
        if (claimed) expected.erase(expected.begin(), expected.begin() + take.items);
        readers.read_on();
        readers.check_all_arrived(scene);
        scene.check_sound();
      }
      // Before anything, behind the marker, behind the claim.
      const std::uint64_t claimed = (kSlots + (take.items == 1 ? 3 : 5)) * scene.step();
      CHECK(hits == std::set<std::uint64_t>{scene.reserved_at_begin(), kSlots * scene.step(), claimed});
    }
  }
}

TEST_CASE("a repairer killed at any instruction leaves a shorter hole, which the next one repairs") {
  if (!test_support::may_trace()) return;
  std::uint64_t kills = 0;
  std::uint64_t strays = 0;  // the allocator's way depends on what this process did before
  for (const Shape& shape : all_shapes()) {
    Scene scene(shape);
    for (const Holes& holes : kHoles) {
      CAPTURE(describe(shape));
      CAPTURE(std::string(holes.name));
      const auto victim = [&](const Gate& gate) {
        slickq::Queue queue = slickq::Queue::open("q", scene.dir());
        slickq::Repairer repairer(queue);
        const auto plan = repairer.plan();
        gate.begin();
        if (!repairer.apply(plan)) throw std::runtime_error("not applied");
        gate.end();
      };
      holes.lay_out(scene);
      CHECK(left_of(scene) == std::pair(holes.missing, holes.dead));
      scene.repair();  // once in this process, as in scout()
      holes.lay_out(scene);
      const auto scouted = death_test::scout(scene.bytes(), victim);
      std::set<std::pair<std::uint32_t, std::uint32_t>> hits;
      for (const std::uint64_t moment : scouted.choice(shape)) {
        CAPTURE(moment);
        holes.lay_out(scene);
        {
          TracedChild child(victim);
          strays += scouted.lead(child, moment) ? 0 : 1;
        }  // killed
        hits.insert(left_of(scene));
        ++kills;
        Readers readers(scene.queue(), scene.view(), scene.reserved_at_begin());
        readers.read_on();
        scene.repair();
        readers.read_on();
        readers.check_all_arrived(scene);
        scene.check_sound();
        const std::uint64_t detours = scene.survivor().detours();
        for (std::uint32_t k = 0; k < kSlots + 4; ++k) {
          scene.push(1, k % 4 == 0 ? 3 : 1);
          readers.read_on();
        }
        readers.check_all_arrived(scene);
        CHECK(scene.survivor().detours() == detours);
      }
      // Each marker on its own, then each line on its own.
      std::set<std::pair<std::uint32_t, std::uint32_t>> all;
      for (std::uint32_t missing = 0; missing <= holes.missing; ++missing) all.emplace(missing, holes.dead);
      for (std::uint32_t dead = 0; dead <= holes.dead; ++dead) all.emplace(0, dead);
      CHECK(hits == all);
    }
  }
  MESSAGE(kills << " repairers killed, " << strays << " of them at the end instead of where they should");
  CHECK(strays < kills / 4);
}
