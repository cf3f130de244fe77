// memoryviews of a queue's elements that end with the queue.
//
//   q[i] -> memoryview -> managed buffer (CPython's, one a queue) -> Elements (ours) -> Handle -> the mapping
//
// All views of a queue, and all slices of them, are of one managed buffer. Closing marks that as released, so that each
// of them raises ValueError from then on. It cannot be given back as long as they exist: what was made of a view
// without Python's knowledge (a NumPy array) still points into the memory. So it is kept, mapping and all, in a list of
// the retired, which is gone through whenever a queue is opened or closed.
//
// Thread safety: for threads that hold the GIL.
#pragma once

#include "handle.hpp"
#include "python.hpp"

namespace slickq::python {

/// False: an exception is set.
bool make_elements_type();

class ElementViews {
 public:
  ElementViews() = default;
  /// Not valid: an exception is set.
  static ElementViews of(HandlePtr handle);
  explicit operator bool() const noexcept { return static_cast<bool>(all_); }

  /// A new reference to a memoryview of the element `index & mask`, writable bytes.
  PyObject* element(std::uint64_t index) const;
  /// The queue is closed: the views raise. (Those of an ElementViews that only ends stay as they are, and the memory
  /// with them.)
  void close() noexcept;

 private:
  Ref all_;  // a memoryview of all elements
  std::uint64_t mask_ = 0;
  std::uint64_t element_size_ = 0;
};

/// Free the retired that nobody has a view of any more.
void sweep_retired_views() noexcept;

}  // namespace slickq::python
