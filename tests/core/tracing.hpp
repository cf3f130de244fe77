// Tracing a producer through an operation: how many instructions it takes, and at which of them it is worth dying.
//
// Thread safety: one thread.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "death_points.hpp"
#include "support/seed.hpp"
#include "support/traced_child.hpp"

namespace death_test {

/// Memory at the same place in every child, whatever else they allocate: which way a copy goes depends on that.
inline std::span<std::byte> fixed_buffer() {
  alignas(4096) static std::array<std::byte, std::size_t{4} * kSlots * kElementBytes> buffer;
  return buffer;
}

/// The child's body: a producer of its own on a queue of its own, which runs the operation between the gates.
struct Victim {
  const Scene& scene;
  const Operation& operation;
  std::span<const std::byte> elements;

  void operator()(const test_support::Gate& gate) const {
    slickq::Queue queue = slickq::Queue::open("q", scene.dir());
    slickq::Producer producer(queue, operation.options());
    gate.begin();
    operation.run(producer, queue.geometry(), elements);
    gate.end();
  }
};

inline Victim victim_of(const Scene& scene, const Operation& operation) {
  const auto elements = elements_of(operation, scene);
  std::copy(elements.begin(), elements.end(), fixed_buffer().begin());
  return {scene, operation, fixed_buffer().first(elements.size())};
}

/// The scene as the operation finds it; returns its bytes with the victim at the gate.
inline std::vector<std::byte> begin(Scene& scene, const Operation& operation) {
  scene.begin(operation.lead);
  if (operation.alone) scene.retire_survivor();
  return {scene.bytes().begin(), scene.bytes().end()};
}

/// The one that everybody uses: there all instructions have their turn.
inline bool is_main(const Shape& shape) { return shape.layout == slickq::Layout::slq1 && shape.items_per_slot == 1; }

struct Scouted {
  /// A moment between two instructions: before `place` is executed for the `time`-th time.
  struct Moment {
    std::uint64_t place;
    std::uint64_t time;
  };
  std::vector<Moment> moments;         ///< one an instruction; [0] is at the gate
  std::vector<std::uint64_t> changes;  ///< numbers of moments that show other shared bytes than the one before

  /// Where to die: at every moment; of a long operation, beside every change and at strides in between.
  std::vector<std::uint64_t> choice() const {
    constexpr std::uint64_t kAll = 1000;
    constexpr std::uint64_t kNear = 2;
    const std::uint64_t count = moments.size();
    return chosen(count <= kAll ? 1 : count / 300, kNear);
  }
  std::vector<std::uint64_t> choice(const Shape& shape) const { return is_main(shape) ? choice() : short_choice(); }
  /// The dead differ by what they left in the shared bytes, and each costs a process: behind every change, and at long
  /// strides, which begin elsewhere with each seed.
  std::vector<std::uint64_t> short_choice() const { return chosen(1 + moments.size() / 12, 0); }

  /// The first and the last moment of every state of the shared bytes.
  std::vector<std::uint64_t> edges() const {
    std::vector<std::uint64_t> edges{0};
    for (const std::uint64_t change : changes) {
      if (edges.back() != change - 1) edges.push_back(change - 1);
      edges.push_back(change);
    }
    if (edges.back() != moments.size() - 1) edges.push_back(moments.size() - 1);
    return edges;
  }

  std::vector<std::uint64_t> chosen(std::uint64_t stride, std::uint64_t near) const {
    const std::uint64_t last = moments.size() - 1;
    std::vector<std::uint64_t> chosen{0, last};
    for (std::uint64_t k = test_support::seed() % stride; k <= last; k += stride) chosen.push_back(k);
    for (const std::uint64_t change : changes) {
      for (std::uint64_t k = change - near; k <= change + near; ++k) chosen.push_back(std::min(k, last));
    }
    std::sort(chosen.begin(), chosen.end());
    chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
    return chosen;
  }

  /// Bring a fresh child from the gate to that moment. False: it took another way, and stands at its end.
  bool lead(test_support::TracedChild& child, std::uint64_t number) const {
    if (number + 1 == moments.size()) return child.run_to_the_end();
    return number == 0 || child.run_to(moments[number].place, moments[number].time);
  }
};

/// One child is stepped from the gate to its end. `bytes`: what is shared.
template <class Body>
Scouted scout(std::span<const std::byte> bytes, const Body& body) {
  test_support::TracedChild child(body);
  std::vector<std::byte> seen(bytes.begin(), bytes.end());
  std::map<std::uint64_t, std::uint64_t> times;
  Scouted scouted;
  scouted.moments.push_back({child.place(), 0});
  for (bool more = true; more;) {
    more = child.step();
    const std::uint64_t place = child.place();
    // A string instruction (rep) is stepped once a round, but comes by a watched place only once.
    if (place == scouted.moments.back().place) continue;
    scouted.moments.push_back({place, ++times[place]});
    if (std::equal(seen.begin(), seen.end(), bytes.begin())) continue;
    scouted.changes.push_back(scouted.moments.size() - 1);
    seen.assign(bytes.begin(), bytes.end());
  }
  return scouted;
}

inline Scouted scout(Scene& scene, const Operation& operation) {
  // Once in this process, which children are copies of: what the dynamic linker binds at a first call is bound then.
  (void)begin(scene, operation);
  {
    slickq::Producer producer(scene.queue(), operation.options());
    operation.run(producer, scene.queue().geometry(), elements_of(operation, scene));
  }
  (void)begin(scene, operation);
  return scout(scene.bytes(), victim_of(scene, operation));
}

}  // namespace death_test
