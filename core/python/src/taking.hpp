// Taking items from a position: a number of the caller's, or a cursor that is shared.
//
// Thread safety: for threads that hold the GIL.
// Invariants: those of reader.hpp: what is taken was whole, a position never moves backwards but for a reset.
#pragma once

#include <cstdint>

#include "arguments.hpp"
#include "cursor.hpp"
#include "queue_object.hpp"
#include "slickq/reader.hpp"
#include "slickq/shared_position.hpp"

namespace slickq::python {

template <class Position>
using PositionReader = BasicReader<HardwareMemory, Position>;

/// Calls `take(position, is_shared)` with the position that `cursor` (an int or an AtomicCursor) stands for. Its
/// result, or null with an exception.
template <class Take>
PyObject* at_position(PyObject* cursor, Take take) {
  if (is_cursor(cursor)) {
    const CursorAccess access(cursor);
    return access ? take(SharedPosition(access.get()), true) : nullptr;
  }
  std::uint64_t index = 0;
  if (!to_index(cursor, "read_index", index)) return nullptr;
  return take(OwnPosition(index), false);
}

}  // namespace slickq::python
