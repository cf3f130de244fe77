// slick_queue_py.AtomicCursor: an index that consumers share, in 8 bytes of anybody's memory.
//
// Thread safety: the index by any threads and processes at once; a CursorAccess by a thread that holds the GIL when it
// is made and when it ends.
// Invariants: 1. between two calls no buffer is exported: who owns the memory may close it. 2. memory that is gone
// answers ValueError, by the buffer protocol.
#pragma once

#include "python.hpp"
#include "slickq/cursor.hpp"

namespace slickq::python {

/// Makes the type and adds it to the module. False: an exception is set.
bool add_cursor_type(PyObject* module);
bool is_cursor(PyObject* object) noexcept;

/// The memory of an AtomicCursor, held for the length of a call.
class CursorAccess {
 public:
  /// `cursor`: is_cursor(). Not valid: an exception is set.
  explicit CursorAccess(PyObject* cursor) noexcept;
  explicit operator bool() const noexcept { return valid_; }
  slickq::AtomicCursor get() const noexcept { return at_; }

 private:
  Buffer buffer_;
  slickq::AtomicCursor at_;
  bool valid_ = false;
};

}  // namespace slickq::python
