// The operations of a producer that are killed at every instruction, and the named points between two of their visible
// effects. A point is told from the shared bytes alone, after the death: the code knows nothing of it.
//
// Thread safety: plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "death_scene.hpp"

namespace death_test {

enum class Point : std::uint8_t {
  before_reserve,
  reserving,         ///< the journal says so, C is as it was (the only producer's says it all the time: see before)
  marker_missing,    ///< C advanced over the end of the ring, without the jump marker
  advanced,          ///< C advanced, the journal does not say by whom; of the only producer, nothing written yet
  held,              ///< nothing written yet
  partly_written,    ///< some bytes of its elements
  written,           ///< all of them, nothing visible
  far_marker,        ///< abandoning the whole ring: the second of two hops
  rest_marked,       ///< the marker behind fewer elements than were reserved, or over an abandoned reservation
  some_behind,       ///< some items of several published, last_published behind
  some_published,    ///< some items of several
  published_behind,  ///< all published, last_published behind
  published,         ///< all published, the journal still says held
  idle_again,
  unknown  ///< no state that the protocol allows
};
const char* to_string(Point point);

struct Operation {
  const char* name;
  std::uint32_t lead;   ///< slots pushed before
  std::uint32_t first;  ///< where its reservation begins, in slots
  std::uint32_t slots;  ///< how long it is
  struct Item {
    std::uint32_t at;        ///< slots behind `first`
    std::uint32_t elements;  ///< in elements, or
    std::uint32_t slots;     ///< in whole slots
  };
  std::vector<Item> items;
  void (*run)(slickq::Producer& producer, const slickq::Geometry& geometry, std::span<const std::byte> elements);
  std::vector<Point> points;  ///< all it comes through where last_published is not maintained
  bool alone = false;         ///< by the declared only producer

  slickq::ProducerOptions options() const;
  bool straddles() const { return first != lead; }
  bool is_whole_ring() const { return slots == kSlots; }
};
const std::vector<Operation>& all_operations();

/// Its items as they are when all is well; the bytes of all of them, one behind the other.
std::vector<Got> items_of(const Operation& operation, const Scene& scene);
std::vector<std::byte> elements_of(const Operation& operation, const Scene& scene);

/// How many of its items readers can see.
std::size_t visible_items(const Operation& operation, const Scene& scene);
/// `before`: the segment's bytes when the operation began.
Point point_of(const Operation& operation, const Scene& scene, std::span<const std::byte> before);
/// The points that must be hit.
std::vector<Point> required_points(const Operation& operation, const Shape& shape);

}  // namespace death_test
