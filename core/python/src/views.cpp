#include "views.hpp"

#include <new>
#include <utility>
#include <vector>

namespace slickq::python {
namespace {

/// What the managed buffer is of. Python programs see it as a memoryview's `obj` only.
struct ElementsObject {
  PyObject head;
  HandlePtr handle;
  bool is_taken;  // by the one managed buffer: there is no other way to the memory, which close() could not end
};

PyTypeObject* elements_type = nullptr;

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  auto* const elements = reinterpret_cast<ElementsObject*>(self);
  const HandlePtr& handle = elements->handle;
  if (!handle || std::exchange(elements->is_taken, true)) {  // none: made by object.__new__()
    view->obj = nullptr;
    PyErr_SetString(PyExc_BufferError, "elements are seen through the queue: q[index]");
    return -1;
  }
  const Queue& queue = handle->queue;
  const Geometry& geometry = queue.geometry();
  const std::uint64_t bytes = std::uint64_t{geometry.capacity()} * geometry.element_size();
  return PyBuffer_FillInfo(view, self, queue.ring().element(0), static_cast<Py_ssize_t>(bytes), 0, flags);
}

void free_elements(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  reinterpret_cast<ElementsObject*>(self)->handle.~shared_ptr();
  type->tp_free(self);
  Py_DECREF(type);
}

// Before 3.9 a type made from a spec gets its buffer protocol by hand: the spec has no slot for it.
#if PY_VERSION_HEX >= 0x03090000
PyType_Slot elements_slots[] = {
    {Py_tp_dealloc, as_slot(free_elements)}, {Py_bf_getbuffer, as_slot(get_buffer)}, {0, nullptr}};
void complete(PyTypeObject*) {}
#else
PyType_Slot elements_slots[] = {{Py_tp_dealloc, as_slot(free_elements)}, {0, nullptr}};
void complete(PyTypeObject* type) { type->tp_as_buffer->bf_getbuffer = get_buffer; }
#endif

PyType_Spec elements_spec{"slick_queue_py._Elements", sizeof(ElementsObject), 0, Py_TPFLAGS_DEFAULT, elements_slots};

_PyManagedBufferObject* buffer_of(PyObject* view) noexcept { return reinterpret_cast<PyMemoryViewObject*>(view)->mbuf; }

// Only the view that we keep is left of its managed buffer.
bool is_alone(PyObject* view) noexcept { return buffer_of(view)->exports == 1; }

std::vector<PyObject*>& retired() {
  static std::vector<PyObject*> views;
  return views;
}

void retire(PyObject* view) noexcept {
  try {
    retired().push_back(view);
  } catch (const std::bad_alloc&) {
    // Then it is never given back: views of it may be in use.
  }
}

}  // namespace

bool make_elements_type() {
  elements_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&elements_spec));
  if (elements_type == nullptr) return false;
  complete(elements_type);
  return true;
}

ElementViews ElementViews::of(HandlePtr handle) {
  sweep_retired_views();
  ElementViews views;
  views.mask_ = handle->queue.geometry().mask();
  views.element_size_ = handle->queue.geometry().element_size();
  const Ref elements(elements_type->tp_alloc(elements_type, 0));
  if (!elements) return views;
  new (&reinterpret_cast<ElementsObject*>(elements.get())->handle) HandlePtr(std::move(handle));
  views.all_ = Ref(PyMemoryView_FromObject(elements.get()));
  return views;
}

PyObject* ElementViews::element(std::uint64_t index) const {
  const std::uint64_t begin = (index & mask_) * element_size_;
  const Ref first(PyLong_FromUnsignedLongLong(begin));
  const Ref last(PyLong_FromUnsignedLongLong(begin + element_size_));
  if (!first || !last) return nullptr;
  const Ref range(PySlice_New(first.get(), last.get(), nullptr));
  return range ? PyObject_GetItem(all_.get(), range.get()) : nullptr;
}

void ElementViews::close() noexcept {
  if (all_ && !is_alone(all_.get())) {
    buffer_of(all_.get())->flags |= _Py_MANAGED_BUFFER_RELEASED;
    retire(all_.release());
  }
  all_ = Ref();
  sweep_retired_views();
}

void sweep_retired_views() noexcept {
  std::vector<PyObject*>& views = retired();
  for (std::size_t k = 0; k < views.size();) {
    if (!is_alone(views[k])) {
      ++k;
      continue;
    }
    PyObject* const view = std::exchange(views[k], views.back());
    views.pop_back();
    buffer_of(view)->flags &= ~_Py_MANAGED_BUFFER_RELEASED;  // or it would not be given back
    Py_DECREF(view);
  }
}

}  // namespace slickq::python
