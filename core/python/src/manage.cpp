// close, unlink, reset, get_shm_name, the context manager, attributes.
#include "arguments.hpp"
#include "errors.hpp"
#include "queue_object.hpp"
#include "slickq/removal.hpp"

namespace slickq::python {
namespace {

QueueState* made_state(PyObject* self) {
  QueueState* const state = reinterpret_cast<QueueObject*>(self)->state;
  if (state == nullptr) PyErr_SetString(queue_closed_error, "the queue was never opened");
  return state;
}

PyDoc_STRVAR(close_doc,
             "close($self)\n--\n\n"
             "Let go of the memory; the queue stays for others. Memoryviews of its elements raise ValueError from now\n"
             "on, reservations that are open are given up, waiting threads raise. A second call does nothing.");

PyObject* close(PyObject* self, PyObject*) {
  QueueState* const state = reinterpret_cast<QueueObject*>(self)->state;
  if (state != nullptr) close_queue(*state);
  Py_RETURN_NONE;
}

PyDoc_STRVAR(
    unlink_doc,
    "unlink($self)\n--\n\n"
    "Remove the name of the queue, before or behind close(). Who has it open goes on with it, and nobody finds\n"
    "it any more. Does nothing for a queue without a name, or when the name is gone or another queue's.\n\n"
    "Raises PermissionError or OSError.");

PyObject* unlink(PyObject* self, PyObject*) {
  const QueueState* const state = made_state(self);
  if (state == nullptr) return nullptr;
  if (state->name.empty()) Py_RETURN_NONE;
  const bool removed = guarded([&] {
    RemoveOptions options;
    options.shm_dir = state->directory;
    options.force = true;
    options.inode = state->inode;
    const WithoutGil others_run;
    try {
      remove_segment(state->name, options);
    } catch (const Error& error) {
      if (error.code() != Errc::not_found) throw;
    }
  });
  if (!removed) return nullptr;
  Py_RETURN_NONE;
}

PyDoc_STRVAR(
    reset_doc,
    "reset($self, force=False)\n--\n\n"
    "Empty the queue; its indexes begin at 0 again. Reservations that are open are no more.\n\n"
    "Raises RuntimeError when somebody else has the queue, unless `force`: then items may be lost or repeated.");

PyObject* reset(PyObject* self, PyObject* const* given, Py_ssize_t positional, PyObject* keywords) {
  static constexpr Signature<1> signature{"reset", {"force"}, 0};
  std::array<PyObject*, 1> bound;
  if (!signature.bind(given, positional, keywords, bound)) return nullptr;
  const int force = bound[0] == nullptr ? 0 : PyObject_IsTrue(bound[0]);
  QueueState* const state = force < 0 ? nullptr : open_state(self);
  if (state == nullptr || !adopt_after_fork(*state)) return nullptr;
  // With the GIL: no thread of this process puts anything in meanwhile.
  if (!guarded([&] { state->handle->queue.reset(force != 0); })) return nullptr;
  if (state->producing) state->producing->forget_all();
  state->producing.reset();  // what its writers know of the indexes is of before
  Py_RETURN_NONE;
}

PyDoc_STRVAR(get_shm_name_doc,
             "get_shm_name($self)\n--\n\n"
             "The name as C++ programs and shm_open() want it, with a leading '/'; None for a queue without a name.");

PyObject* get_shm_name(PyObject* self, PyObject*) {
  const QueueState* const state = made_state(self);
  if (state == nullptr) return nullptr;
  if (state->name.empty()) Py_RETURN_NONE;
  return PyUnicode_FromFormat("/%s", state->name.c_str());
}

PyDoc_STRVAR(enter_doc, "__enter__($self)\n--\n\nThe queue itself.");

PyObject* enter(PyObject* self, PyObject*) {
  if (open_state(self) == nullptr) return nullptr;
  Py_INCREF(self);
  return self;
}

PyDoc_STRVAR(exit_doc, "__exit__($self, *exception)\n--\n\nclose(). Exceptions go on.");

// By its name: a derived class may have a close() of its own.
PyObject* exit(PyObject* self, PyObject* const*, Py_ssize_t) {
  const Ref done(PyObject_CallMethod(self, "close", nullptr));
  if (!done) return nullptr;
  Py_RETURN_NONE;
}

PyObject* get_name(PyObject* self, void*) {
  const QueueState* const state = made_state(self);
  if (state == nullptr) return nullptr;
  if (state->name.empty()) Py_RETURN_NONE;
  return PyUnicode_FromStringAndSize(state->name.data(), static_cast<Py_ssize_t>(state->name.size()));
}

PyObject* get_size(PyObject* self, void*) {
  const QueueState* const state = made_state(self);
  return state == nullptr ? nullptr : PyLong_FromUnsignedLong(state->geometry.capacity());
}

PyObject* get_element_size(PyObject* self, void*) {
  const QueueState* const state = made_state(self);
  return state == nullptr ? nullptr : PyLong_FromUnsignedLong(state->geometry.element_size());
}

PyObject* get_items_per_slot(PyObject* self, void*) {
  const QueueState* const state = made_state(self);
  return state == nullptr ? nullptr : PyLong_FromUnsignedLong(state->geometry.items_per_slot());
}

PyObject* get_layout(PyObject* self, void*) {
  const QueueState* const state = made_state(self);
  if (state == nullptr) return nullptr;
  const std::string_view layout = to_string(state->geometry.layout());
  return PyUnicode_FromStringAndSize(layout.data(), static_cast<Py_ssize_t>(layout.size()));
}

PyObject* get_initial_reading_index(PyObject* self, void*) {
  const QueueState* const state = open_state(self);
  return state == nullptr ? nullptr : PyLong_FromUnsignedLongLong(state->handle->queue.ring().reserved_index());
}

PyObject* get_use_shm(PyObject* self, void*) {
  const QueueState* const state = made_state(self);
  return state == nullptr ? nullptr : PyBool_FromLong(!state->name.empty());
}

PyObject* get_closed(PyObject* self, void*) {
  const QueueState* const state = reinterpret_cast<QueueObject*>(self)->state;
  return PyBool_FromLong(state == nullptr || !state->handle);
}

}  // namespace

PyMethodDef manage_methods[] = {{"close", as_method(close), METH_NOARGS, close_doc},
                                {"unlink", as_method(unlink), METH_NOARGS, unlink_doc},
                                {"reset", as_method(reset), METH_FASTCALL | METH_KEYWORDS, reset_doc},
                                {"get_shm_name", as_method(get_shm_name), METH_NOARGS, get_shm_name_doc},
                                {"__enter__", as_method(enter), METH_NOARGS, enter_doc},
                                {"__exit__", as_method(exit), METH_FASTCALL, exit_doc},
                                {nullptr, nullptr, 0, nullptr}};

PyGetSetDef queue_attributes[] = {
    {"name", get_name, nullptr, "Name of the segment without '/', or None.", nullptr},
    {"size", get_size, nullptr, "Elements of the ring.", nullptr},
    {"element_size", get_element_size, nullptr, "Bytes of an element.", nullptr},
    {"items_per_slot", get_items_per_slot, nullptr, "Elements that share a slot; 1 but in slq2 and slq3.", nullptr},
    {"layout", get_layout, nullptr, "'slq1', 'slq0', 'slq3', 'slq2', 'packed' or 'wide'.", nullptr},
    {"initial_reading_index", get_initial_reading_index, nullptr,
     "Where a reader begins that wants only what comes from now on: the index that is reserved next.", nullptr},
    {"use_shm", get_use_shm, nullptr, "Is it in shared memory?", nullptr},
    {"closed", get_closed, nullptr, "Was it closed?", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace slickq::python
