#include "arguments.hpp"

#include <limits>

namespace slickq::python {
namespace detail {
namespace {

std::size_t place_of(PyObject* name, const char* const* names, std::size_t count) {
  std::size_t place = 0;
  while (place < count && PyUnicode_CompareWithASCIIString(name, names[place]) != 0) ++place;
  return place;
}

}  // namespace

bool bind_keywords(const char* function, const char* const* names, std::size_t count, std::size_t required,
                   PyObject* const* given, Py_ssize_t positional, PyObject* keywords, PyObject** bound) {
  if (static_cast<std::size_t>(positional) > count) {
    PyErr_Format(PyExc_TypeError, "%s() takes at most %zu arguments, %zd given", function, count, positional);
    return false;
  }
  for (std::size_t k = 0; k < count; ++k) bound[k] = k < static_cast<std::size_t>(positional) ? given[k] : nullptr;
  const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  for (Py_ssize_t k = 0; k < named; ++k) {
    PyObject* const name = PyTuple_GET_ITEM(keywords, k);
    const std::size_t place = place_of(name, names, count);
    if (place == count || bound[place] != nullptr) {
      PyErr_Format(PyExc_TypeError, place == count ? "%s() has no argument %R" : "%s() got %R twice", function, name);
      return false;
    }
    bound[place] = given[positional + k];
  }
  for (std::size_t k = 0; k < required; ++k) {
    if (bound[k] != nullptr) continue;
    PyErr_Format(PyExc_TypeError, "%s() lacks its argument '%s'", function, names[k]);
    return false;
  }
  return true;
}

}  // namespace detail

Ref shown(PyObject* object) {
  Ref text(PyObject_Repr(object));
  if (text || !PyErr_ExceptionMatches(PyExc_ValueError)) return text;
  PyErr_Clear();  // more than sys.get_int_max_str_digits()
  return Ref(PyUnicode_FromFormat("a number of more digits than can be shown"));
}

Range to_number(PyObject* object, std::uint64_t& value) {
  Ref converted;
  if (!PyLong_Check(object)) {  // CPython before 3.10 would take a float
    converted = Ref(PyNumber_Index(object));
    if (!converted) return Range::error;
    object = converted.get();
  }
  int overflow = 0;
  const long long small = PyLong_AsLongLongAndOverflow(object, &overflow);
  if (overflow < 0 || (overflow == 0 && small < 0)) return Range::negative;
  value = static_cast<std::uint64_t>(small);
  if (overflow == 0) return Range::fits;
  value = PyLong_AsUnsignedLongLong(object);
  if (value != std::numeric_limits<std::uint64_t>::max() || PyErr_Occurred() == nullptr) return Range::fits;
  PyErr_Clear();
  return Range::huge;
}

bool to_index(PyObject* object, const char* what, std::uint64_t& value, PyObject* complaint) {
  switch (to_number(object, value)) {
    case Range::fits: return true;
    case Range::error: return false;
    default: break;
  }
  if (const Ref text = shown(object)) PyErr_Format(complaint, "%s is %U; it can be 0 to 2**64 - 1", what, text.get());
  return false;
}

bool to_count(PyObject* object, const char* what, std::uint64_t& value) {
  const Range range = to_number(object, value);
  if (range == Range::error) return false;
  if (range == Range::huge) value = std::numeric_limits<std::uint64_t>::max();
  if (range != Range::negative && value != 0) return true;
  if (const Ref text = shown(object)) {
    PyErr_Format(PyExc_ValueError, "%s is %U; it has to be at least 1", what, text.get());
  }
  return false;
}

}  // namespace slickq::python
