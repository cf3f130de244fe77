// slick_queue_py.SlickQueue: the object, and what its methods share.
//
// Files: open.cpp makes one; produce.cpp, read.cpp and read_many.cpp hold the calls on the hot path; manage.cpp the
// rest.
//
// Thread safety: every call by any thread; the GIL orders them. What waits lets other threads run and looks afterwards
// whether the queue is still open.
#pragma once

#include <memory>
#include <string>

#include "handle.hpp"
#include "producing.hpp"
#include "python.hpp"
#include "views.hpp"

namespace slickq::python {

struct QueueState {
  HandlePtr handle;  // null: closed
  ElementViews views;
  std::shared_ptr<Producing> producing;  // from the first reservation or push on
  Geometry geometry;                     // this and the next three: also when it is closed
  std::string name;                      // without '/'; empty when local
  std::string directory;                 // where it is, whatever SLICKQ_SHM_DIR says by now
  std::uint64_t inode = 0;
  unsigned generation = 0;  // fork_generation() of the handle
  std::uint64_t lost = 0;   // elements
};

struct QueueObject {
  PyObject head;
  PyObject* weak_references;
  QueueState* state;  // null before __init__
};

/// False: an exception is set.
bool add_queue_type(PyObject* module);

/// Null with QueueClosedError when it is closed.
QueueState* open_state(PyObject* self);
/// For who may have waited meanwhile. False: QueueClosedError is set.
bool is_still_open(const Handle& handle);
/// Unmap, give up what is reserved, let the views raise. Nothing when it is closed already.
void close_queue(QueueState& state) noexcept;
/// In a child that inherited the queue: open it once more, with locks of its own; other threads run meanwhile. False:
/// an exception is set, of being closed meanwhile, too.
bool adopt_after_fork(QueueState& state);

int init_queue(PyObject* self, PyObject* args, PyObject* keywords);
extern const char init_doc[];

extern PyMethodDef produce_methods[];
extern PyMethodDef read_methods[];
extern PyMethodDef manage_methods[];
extern PyGetSetDef queue_attributes[];

/// So many bytes are copied before other threads have a chance.
constexpr std::size_t kBytesAtOnce = std::size_t{1} << 20;

/// q[index].
PyObject* element_of(PyObject* self, PyObject* index);

}  // namespace slickq::python
