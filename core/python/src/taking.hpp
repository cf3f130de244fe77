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

namespace detail {

template <class Position, class Take>
PyObject* take_from(PyObject* self, Position position, bool is_shared, Take take) {
  QueueState* const state = open_state(self);
  if (state == nullptr) return nullptr;
  const HandlePtr handle = state->handle;  // close() may come meanwhile
  return take(*state, *handle, position, is_shared);
}

}  // namespace detail

/// Calls `take(state, handle, position, is_shared)` with the position that `cursor` (an int or an AtomicCursor) stands
/// for. Its result, or null with an exception.
///
/// The queue is asked for last: who makes a number or a buffer of his own may run any Python code for it, and close it.
template <class Take>
PyObject* at_position(PyObject* self, PyObject* cursor, Take take) {
  if (is_cursor(cursor)) {
    const CursorAccess access(cursor);
    return access ? detail::take_from(self, SharedPosition(access.get()), true, take) : nullptr;
  }
  std::uint64_t index = 0;
  if (!to_index(cursor, "read_index", index)) return nullptr;
  return detail::take_from(self, OwnPosition(index), false, take);
}

}  // namespace slickq::python
