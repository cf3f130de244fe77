// What every file of the module needs of CPython: the header, and owners for references, buffers and the GIL.
//
// Thread safety: all of it is for threads that hold the GIL, but the inside of a WithoutGil.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace slickq::python {

/// One reference to an object, or none.
class Ref {
 public:
  Ref() = default;
  /// Takes over a new reference; null is an exception that is set.
  explicit Ref(PyObject* owned) noexcept : object_(owned) {}
  static Ref borrowed(PyObject* object) noexcept {
    Py_XINCREF(object);
    return Ref(object);
  }
  Ref(Ref&& other) noexcept : object_(other.release()) {}
  Ref& operator=(Ref&& other) noexcept {
    Ref old(std::exchange(object_, other.release()));
    return *this;
  }
  Ref(const Ref&) = delete;
  Ref& operator=(const Ref&) = delete;
  ~Ref() { Py_XDECREF(object_); }

  PyObject* get() const noexcept { return object_; }
  PyObject* release() noexcept { return std::exchange(object_, nullptr); }
  /// For calls that replace the object they are given.
  PyObject** address() noexcept { return &object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  PyObject* object_ = nullptr;
};

/// A contiguous buffer of somebody else's, for as long as this lives.
class Buffer {
 public:
  /// `flags`: PyBUF_SIMPLE or PyBUF_WRITABLE. Not valid when it fails: then an exception is set.
  Buffer(PyObject* object, int flags) noexcept : valid_(PyObject_GetBuffer(object, &view_, flags) == 0) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (valid_) PyBuffer_Release(&view_);
  }
  explicit operator bool() const noexcept { return valid_; }
  std::span<std::byte> bytes() const noexcept {
    return {static_cast<std::byte*>(view_.buf), static_cast<std::size_t>(view_.len)};
  }

 private:
  Py_buffer view_;
  bool valid_;
};

/// Other threads run meanwhile.
///
/// A daemon thread that wants the GIL back when the interpreter is at its end does not get it: CPython up to 3.13 ends
/// the thread right there (pthread_exit), which unwinds our frames. They must not run, as all they own is Python's: the
/// thread rests until the process is gone, which is what CPython 3.14 does itself.
class WithoutGil {
 public:
  WithoutGil() noexcept : state_(PyEval_SaveThread()) {}
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;
  ~WithoutGil() {
    try {
      PyEval_RestoreThread(state_);
    } catch (...) {  // what is thrown by no C++ code is that unwinding
      for (;;) pause();
    }
  }

 private:
  PyThreadState* state_;
};

/// The objects of a type that was just made have a place for their weak references at `offset`. By hand, as the spec of
/// a type can say it from CPython 3.9 on only.
inline void take_weak_references(PyObject* type, std::size_t offset) noexcept {
  reinterpret_cast<PyTypeObject*>(type)->tp_weaklistoffset = static_cast<Py_ssize_t>(offset);
}

/// The way CPython wants methods with any arguments to be handed over.
template <class Function>
PyCFunction as_method(Function* function) noexcept {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

/// The same for a slot of a type.
template <class Function>
void* as_slot(Function* function) noexcept {
  return reinterpret_cast<void*>(function);
}

}  // namespace slickq::python
