#include "cursor.hpp"

#include <array>
#include <cstddef>

#include "arguments.hpp"

namespace slickq::python {
namespace {

struct CursorObject {
  PyObject head;
  PyObject* weak_references;
  PyObject* buffer;
  std::uint64_t offset;  // bytes
};

PyTypeObject* cursor_type = nullptr;

CursorObject* self_of(PyObject* object) noexcept { return reinterpret_cast<CursorObject*>(object); }

// The 8 bytes at `offset`, or null with ValueError.
void* place_in(std::span<std::byte> memory, std::uint64_t offset) {
  if (memory.size() < sizeof(std::uint64_t) || offset > memory.size() - sizeof(std::uint64_t)) {
    PyErr_Format(PyExc_ValueError, "a cursor takes 8 bytes; the buffer has %zu, and the offset is %llu", memory.size(),
                 static_cast<unsigned long long>(offset));
    return nullptr;
  }
  std::byte* const at = memory.data() + offset;
  if (reinterpret_cast<std::uintptr_t>(at) % alignof(std::uint64_t) == 0) return at;
  PyErr_SetString(PyExc_ValueError, "a cursor's memory has to be aligned to 8 bytes");
  return nullptr;
}

PyDoc_STRVAR(cursor_doc,
             "AtomicCursor(buffer, offset=0)\n--\n\n"
             "The index that several consumers read next, shared by threads or processes.\n\n"
             "buffer: writable and contiguous; bytearray(8) for threads, SharedMemory.buf for processes.\n"
             "offset: in bytes; 8 bytes from there on are used, aligned to 8.\n\n"
             "The value that is there is kept: store(0) begins at the first item. No buffer stays exported\n"
             "between two calls, so that the memory may be closed at any time; then every call raises ValueError.\n\n"
             "Raises TypeError when there is no such buffer, ValueError for an offset that does not fit.");

PyObject* new_cursor(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  static const char* const names[] = {"buffer", "offset", nullptr};
  PyObject* buffer = nullptr;
  PyObject* given = nullptr;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|O:AtomicCursor", const_cast<char**>(names), &buffer, &given)) {
    return nullptr;
  }
  std::uint64_t offset = 0;
  if (given != nullptr && !to_index(given, "offset", offset)) return nullptr;
  {
    const Buffer memory(buffer, PyBUF_WRITABLE);
    if (!memory) {
      if (PyErr_ExceptionMatches(PyExc_BufferError)) {
        PyErr_Format(PyExc_TypeError, "a cursor needs a writable buffer, not %.100s", Py_TYPE(buffer)->tp_name);
      }
      return nullptr;
    }
    if (place_in(memory.bytes(), offset) == nullptr) return nullptr;
  }
  PyObject* const self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  Py_INCREF(buffer);
  self_of(self)->buffer = buffer;
  self_of(self)->offset = offset;
  return self;
}

int traverse_cursor(PyObject* self, visitproc visit, void* arg) {
#if PY_VERSION_HEX >= 0x03090000
  Py_VISIT(Py_TYPE(self));
#endif
  Py_VISIT(self_of(self)->buffer);
  return 0;
}

int clear_cursor(PyObject* self) {
  Py_CLEAR(self_of(self)->buffer);
  return 0;
}

void free_cursor(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  PyObject_ClearWeakRefs(self);
  clear_cursor(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyDoc_STRVAR(load_doc,
             "load($self)\n--\n\n"
             "The index (acquire): what was done before it was stored is seen.");

PyObject* load_cursor(PyObject* self, PyObject*) {
  const CursorAccess access(self);
  return access ? PyLong_FromUnsignedLongLong(access.get().load()) : nullptr;
}

PyDoc_STRVAR(store_doc,
             "store($self, value)\n--\n\n"
             "Set the index (release). Raises ValueError when it is not 0 to 2**64 - 1.");

PyObject* store_cursor(PyObject* self, PyObject* const* given, Py_ssize_t positional, PyObject* keywords) {
  static constexpr Signature<1> signature{"store", {"value"}, 1};
  std::array<PyObject*, 1> bound;
  std::uint64_t value = 0;
  if (!signature.bind(given, positional, keywords, bound) || !to_index(bound[0], "value", value)) return nullptr;
  const CursorAccess access(self);
  if (!access) return nullptr;
  access.get().store(value);
  Py_RETURN_NONE;
}

PyDoc_STRVAR(exchange_doc,
             "compare_exchange_weak($self, expected, desired)\n--\n\n"
             "Set the index to `desired` if it is `expected`, in one atomic step (acquire and release).\n\n"
             "Returns (done, actual): actual is what was found there. It may fail although that is `expected`.\n"
             "Raises ValueError when one of them is not 0 to 2**64 - 1.");

PyObject* compare_exchange_weak(PyObject* self, PyObject* const* given, Py_ssize_t positional, PyObject* keywords) {
  static constexpr Signature<2> signature{"compare_exchange_weak", {"expected", "desired"}, 2};
  std::array<PyObject*, 2> bound;
  std::uint64_t expected = 0;
  std::uint64_t desired = 0;
  if (!signature.bind(given, positional, keywords, bound) || !to_index(bound[0], "expected", expected) ||
      !to_index(bound[1], "desired", desired)) {
    return nullptr;
  }
  const CursorAccess access(self);
  if (!access) return nullptr;
  const bool done = access.get().compare_exchange_weak(expected, desired);
  return Py_BuildValue("(NK)", PyBool_FromLong(done), static_cast<unsigned long long>(expected));
}

PyMethodDef cursor_methods[] = {
    {"load", as_method(load_cursor), METH_NOARGS, load_doc},
    {"store", as_method(store_cursor), METH_FASTCALL | METH_KEYWORDS, store_doc},
    {"compare_exchange_weak", as_method(compare_exchange_weak), METH_FASTCALL | METH_KEYWORDS, exchange_doc},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot cursor_slots[] = {{Py_tp_doc, const_cast<char*>(cursor_doc)},
                              {Py_tp_new, as_slot(new_cursor)},
                              {Py_tp_traverse, as_slot(traverse_cursor)},
                              {Py_tp_clear, as_slot(clear_cursor)},
                              {Py_tp_dealloc, as_slot(free_cursor)},
                              {Py_tp_methods, cursor_methods},
                              {0, nullptr}};

PyType_Spec cursor_spec{"slick_queue_py.AtomicCursor", sizeof(CursorObject), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, cursor_slots};

}  // namespace

bool add_cursor_type(PyObject* module) {
  Ref type(PyType_FromSpec(&cursor_spec));
  if (!type) return false;
  take_weak_references(type.get(), offsetof(CursorObject, weak_references));
  cursor_type = reinterpret_cast<PyTypeObject*>(type.get());
  Py_INCREF(type.get());  // the module's own
  if (PyModule_AddObject(module, "AtomicCursor", type.get()) != 0) {
    Py_DECREF(type.get());
    return false;
  }
  type.release();
  return true;
}

bool is_cursor(PyObject* object) noexcept { return PyObject_TypeCheck(object, cursor_type); }

// A cursor whose buffer the garbage collector took is asked for None's, which is a TypeError.
CursorAccess::CursorAccess(PyObject* cursor) noexcept
    : buffer_(self_of(cursor)->buffer != nullptr ? self_of(cursor)->buffer : Py_None, PyBUF_WRITABLE) {
  if (!buffer_) return;
  void* const at = place_in(buffer_.bytes(), self_of(cursor)->offset);
  if (at == nullptr) return;
  at_ = slickq::AtomicCursor(at);
  valid_ = true;
}

}  // namespace slickq::python
