// From the core's errors to Python's exceptions.
//
//   invalid_argument, mismatch   ValueError
//   not_found                    FileNotFoundError
//   permission, no_space, system OSError, or the class of it that the errno has (PermissionError)
//   exists, busy, corrupt, exhausted  RuntimeError
//   memory is exhausted          MemoryError
//   any other std::exception     RuntimeError
//
// Every call of CPython's that may allocate C++ memory does it within guarded(): no exception reaches the interpreter.
#pragma once

#include <exception>
#include <new>

#include "python.hpp"
#include "slickq/error.hpp"

namespace slickq::python {

/// slick_queue_py.QueueClosedError, a ValueError and a RuntimeError; made by add_errors().
extern PyObject* queue_closed_error;

/// False: an exception is set.
bool add_errors(PyObject* module);

void raise(const Error& error);

/// Calls `work`, which may throw what the core throws. False: it did, and a Python exception is set.
template <class Work>
bool guarded(Work work) {
  try {
    work();
    return true;
  } catch (const Error& error) {
    raise(error);
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {  // not `...`: that would hold up the end of a thread (python.hpp)
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return false;
}

}  // namespace slickq::python
