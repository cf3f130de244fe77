// From Python's arguments to numbers: names, defaults, ranges.
//
// Errors: TypeError for a call that does not fit the names, and for what is no whole number; the callers say
// what is wrong with a number.
#pragma once

#include <array>
#include <cstdint>

#include "python.hpp"

namespace slickq::python {

namespace detail {
bool bind_keywords(const char* function, const char* const* names, std::size_t count, std::size_t required,
                   PyObject* const* given, Py_ssize_t positional, PyObject* keywords, PyObject** bound);
}

/// The names of a method's arguments; those from `required` on may be left out.
template <std::size_t N>
struct Signature {
  const char* function;
  std::array<const char*, N> names;
  std::size_t required;

  /// `bound`: borrowed, null where left out. False: TypeError is set.
  bool bind(PyObject* const* given, Py_ssize_t positional, PyObject* keywords, std::array<PyObject*, N>& bound) const {
    const auto count = static_cast<std::size_t>(positional);
    if (keywords == nullptr && count >= required && count <= N) [[likely]] {
      for (std::size_t k = 0; k < N; ++k) bound[k] = k < count ? given[k] : nullptr;
      return true;
    }
    return detail::bind_keywords(function, names.data(), N, required, given, positional, keywords, bound.data());
  }
};

/// repr() for a message, as %U; of a number that is too long to be shown, that it is. Null: an exception is set.
Ref shown(PyObject* object);

enum class Range : std::uint8_t {
  fits,      ///< 0 to 2^64 - 1
  negative,  ///< less than 0
  huge,      ///< 2^64 or more
  error      ///< no whole number: TypeError is set
};

/// An int, or anything else that says by __index__ which one it is.
Range to_number(PyObject* object, std::uint64_t& value);

/// An index or the value of a cursor. False: TypeError is set, or `complaint` when it is not 0 to 2^64 - 1.
bool to_index(PyObject* object, const char* what, std::uint64_t& value, PyObject* complaint = PyExc_ValueError);

/// A number of elements, at least 1; 2^64 and more count as 2^64 - 1. False: TypeError or ValueError is set.
bool to_count(PyObject* object, const char* what, std::uint64_t& value);

}  // namespace slickq::python
