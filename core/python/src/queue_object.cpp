#include "queue_object.hpp"

#include <new>
#include <vector>

#include "errors.hpp"

namespace slickq::python {

QueueState* open_state(PyObject* self) {
  QueueState* const state = reinterpret_cast<QueueObject*>(self)->state;
  if (state != nullptr && state->handle) [[likely]]
    return state;
  PyErr_SetString(queue_closed_error, "the queue is closed");
  return nullptr;
}

bool is_still_open(const Handle& handle) {
  if (!handle.closed.load(std::memory_order_relaxed)) return true;
  PyErr_SetString(queue_closed_error, "the queue was closed meanwhile");
  return false;
}

namespace {

void let_go(QueueState& state) noexcept {
  const bool inherited = state.generation != fork_generation();
  if (state.producing && !inherited) state.producing->abandon_all();
  state.producing.reset();
  state.handle->closed.store(true, std::memory_order_relaxed);
  state.handle.reset();
}

}  // namespace

void close_queue(QueueState& state) noexcept {
  if (!state.handle) return;
  let_go(state);
  state.views.close();
}

bool adopt_after_fork(QueueState& state) {
  if (state.generation == fork_generation()) return true;
  if (state.name.empty()) {  // local memory is the child's own by now
    state.producing.reset();
    state.generation = fork_generation();
    return true;
  }
  HandlePtr again;
  const bool opened = guarded([&] {
    const WithoutGil others_run;  // another program may hold it for a moment
    again = std::make_shared<Handle>(Queue::open(state.name, state.directory));
    if (again->queue.segment().inode() != state.inode) {
      throw Error(Errc::not_found, state.name, "the queue that was inherited by fork() has lost its name");
    }
  });
  if (!opened) return false;
  if (!state.handle) {
    PyErr_SetString(queue_closed_error, "the queue was closed meanwhile");
    return false;
  }
  if (state.generation == fork_generation()) return true;  // another thread was faster
  ElementViews views;
  if (!guarded([&] { views = ElementViews::of(again); }) || !views) return false;
  state.producing.reset();
  state.generation = fork_generation();
  state.views = std::move(views);
  state.handle = std::move(again);
  return true;
}

namespace {

PyObject* new_queue(PyTypeObject* type, PyObject*, PyObject*) { return type->tp_alloc(type, 0); }

void free_queue(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_ClearWeakRefs(self);
  QueueState* const state = reinterpret_cast<QueueObject*>(self)->state;
  if (state != nullptr && state->handle) let_go(*state);  // nobody closed it: the views live on
  delete state;
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* repr(PyObject* self) {
  const QueueState* const state = reinterpret_cast<QueueObject*>(self)->state;
  if (state == nullptr) return PyUnicode_FromString("<SlickQueue, not opened>");
  std::string text;
  const auto compose = [&] {
    const std::string name = state->name.empty() ? "local" : "'" + state->name + "'";
    text = "<SlickQueue " + name + ": " + state->geometry.describe() + (state->handle ? ">" : ", closed>");
  };
  return guarded(compose) ? PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace")
                          : nullptr;
}

// One table of the three that the files have.
std::vector<PyMethodDef>& all_methods() {
  static std::vector<PyMethodDef> all = [] {
    std::vector<PyMethodDef> made;
    for (const PyMethodDef* table : {produce_methods, read_methods, manage_methods}) {
      for (; table->ml_name != nullptr; ++table) made.push_back(*table);
    }
    made.push_back({nullptr, nullptr, 0, nullptr});
    return made;
  }();
  return all;
}

}  // namespace

bool add_queue_type(PyObject* module) {
  PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>(init_doc)},
                         {Py_tp_new, as_slot(new_queue)},
                         {Py_tp_init, as_slot(init_queue)},
                         {Py_tp_dealloc, as_slot(free_queue)},
                         {Py_tp_repr, as_slot(repr)},
                         {Py_tp_methods, all_methods().data()},
                         {Py_tp_getset, queue_attributes},
                         {Py_mp_subscript, as_slot(element_of)},
                         {0, nullptr}};
  PyType_Spec spec{"slick_queue_py.SlickQueue", sizeof(QueueObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                   slots};
  Ref type(PyType_FromSpec(&spec));
  if (!type) return false;
  take_weak_references(type.get(), offsetof(QueueObject, weak_references));
  if (PyModule_AddObject(module, "SlickQueue", type.get()) != 0) return false;
  type.release();
  return true;
}

}  // namespace slickq::python
