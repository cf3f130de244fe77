#include "errors.hpp"

#include <cerrno>

namespace slickq::python {

PyObject* queue_closed_error = nullptr;

bool add_errors(PyObject* module) {
  const Ref bases(PyTuple_Pack(2, PyExc_ValueError, PyExc_RuntimeError));
  if (!bases) return false;
  queue_closed_error = PyErr_NewExceptionWithDoc("slick_queue_py.QueueClosedError",
                                                 "The queue is closed, or was never opened. Both a ValueError, as "
                                                 "files raise it, and a RuntimeError.",
                                                 bases.get(), nullptr);
  if (queue_closed_error == nullptr) return false;
  Py_INCREF(queue_closed_error);  // the module's own
  if (PyModule_AddObject(module, "QueueClosedError", queue_closed_error) == 0) return true;
  Py_DECREF(queue_closed_error);
  return false;
}

namespace {

int errno_of(const Error& error) noexcept {
  if (error.system_error() != 0) return error.system_error();
  switch (error.code()) {
    case Errc::not_found: return ENOENT;
    case Errc::permission: return EACCES;
    case Errc::no_space: return ENOSPC;
    default: return EIO;
  }
}

// OSError makes itself the class that the errno has.
void raise_os_error(const Error& error) {
  const int number = error.code() == Errc::not_found ? ENOENT : errno_of(error);
  const Ref made(PyObject_CallFunction(PyExc_OSError, "iss", number, error.what(), error.object().c_str()));
  if (made) PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(made.get())), made.get());
}

}  // namespace

void raise(const Error& error) {
  switch (error.code()) {
    case Errc::invalid_argument:
    case Errc::mismatch: PyErr_SetString(PyExc_ValueError, error.what()); return;
    case Errc::not_found:
    case Errc::permission:
    case Errc::no_space:
    case Errc::system: raise_os_error(error); return;
    case Errc::exists:
    case Errc::busy:
    case Errc::corrupt:
    case Errc::exhausted: PyErr_SetString(PyExc_RuntimeError, error.what()); return;
  }
}

}  // namespace slickq::python
