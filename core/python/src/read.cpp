// read, read_wait, read_last, loss_count.
#include <chrono>
#include <cmath>

#include "errors.hpp"
#include "slickq/wait.hpp"
#include "taking.hpp"

namespace slickq::python {
namespace {

struct Item {
  Ref bytes;                // none: nothing is there
  std::uint32_t count = 0;  // elements
};

Ref bytes_of(std::uint64_t size) { return Ref(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size))); }

std::span<std::byte> inside(const Ref& bytes) noexcept {
  if (!bytes) return {};
  return {reinterpret_cast<std::byte*>(PyBytes_AS_STRING(bytes.get())),
          static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get()))};
}

/// False: an exception is set.
template <class Position>
bool take_item(QueueState& state, const Ring& ring, Position position, Item& item) {
  // Most items have one element; an empty look shall not pay for the memory of one.
  std::uint64_t size = ring.is_nothing_at(position.load()) ? 0 : state.geometry.element_size();
  for (;;) {
    Ref bytes;
    if (size != 0 && !(bytes = bytes_of(size))) return false;
    const PopResult result = PositionReader<Position>(ring, position).pop(inside(bytes));
    state.lost += result.lost;
    const std::uint64_t found = std::uint64_t{result.count} * state.geometry.element_size();
    switch (result.what) {
      case Pop::empty: return true;
      case Pop::too_small: size = found; continue;
      case Pop::reset: continue;  // the position is 0 now
      case Pop::item: break;
    }
    if (found != size && _PyBytes_Resize(bytes.address(), static_cast<Py_ssize_t>(found)) != 0) return false;
    item.bytes = std::move(bytes);
    item.count = result.count;
    return true;
  }
}

// (bytes or None, size, index), or without the index where the cursor is shared.
PyObject* answer(Item item, std::uint64_t index, bool is_shared) {
  Ref tuple(PyTuple_New(is_shared ? 2 : 3));
  Ref size(PyLong_FromUnsignedLong(item.count));
  if (!tuple || !size) return nullptr;
  if (!item.bytes) item.bytes = Ref::borrowed(Py_None);
  PyTuple_SET_ITEM(tuple.get(), 0, item.bytes.release());
  PyTuple_SET_ITEM(tuple.get(), 1, size.release());
  if (is_shared) return tuple.release();
  Ref next(PyLong_FromUnsignedLongLong(index));
  if (!next) return nullptr;
  PyTuple_SET_ITEM(tuple.get(), 2, next.release());
  return tuple.release();
}

PyDoc_STRVAR(
    read_doc,
    "read($self, read_index)\n--\n\n"
    "Take the next item, without waiting.\n\n"
    "read_index: an int, the position of this reader alone: every such reader sees every item. Returns\n"
    "    (data, size, next): data is bytes, size its elements, so that len(data) == size * element_size, and next is\n"
    "    where to read on. (None, 0, next) when there is nothing yet.\n"
    "    Or an AtomicCursor: each item goes to one of the readers that share it. Returns (data, size) or (None, 0).\n\n"
    "What is handed out was whole. A reader that was lapped goes on at the oldest item that is still there, which\n"
    "loss_count() tells. A position behind the newest reservation was one of before a reset(): it begins at 0 "
    "again.\n\n"
    "Raises ValueError for an int that is not 0 to 2**64 - 1, and when the memory of the cursor is closed.");

PyObject* read(PyObject* self, PyObject* const* given, Py_ssize_t positional, PyObject* keywords) {
  static constexpr Signature<1> signature{"read", {"read_index"}, 1};
  std::array<PyObject*, 1> bound;
  if (!signature.bind(given, positional, keywords, bound)) return nullptr;
  return at_position(self, bound[0], [](QueueState& state, Handle& handle, auto position, bool is_shared) -> PyObject* {
    Item item;
    if (!take_item(state, handle.queue.ring(), position, item)) return nullptr;
    return answer(std::move(item), position.load(), is_shared);
  });
}

using Clock = Waiter::Clock;
// For so long at most a signal handler, or close(), waits for its turn.
constexpr auto kWaitAtOnce = std::chrono::milliseconds(50);

/// The end of a wait of `timeout` seconds (None: never). False: an exception is set.
bool to_deadline(PyObject* timeout, Clock::time_point& deadline) {
  deadline = Clock::time_point::max();
  if (timeout == nullptr || timeout == Py_None) return true;
  double seconds = PyFloat_AsDouble(timeout);
  if (seconds == -1.0 && PyErr_Occurred() != nullptr) {
    if (!PyErr_ExceptionMatches(PyExc_OverflowError)) return false;
    PyErr_Clear();  // an int that no float can be: below 0, or for ever
    const Ref zero(PyLong_FromLong(0));
    const int is_less = zero ? PyObject_RichCompareBool(timeout, zero.get(), Py_LT) : -1;
    if (is_less < 0) return false;
    seconds = is_less != 0 ? -HUGE_VAL : HUGE_VAL;
  }
  if (!(seconds >= 0)) {
    const Ref text = shown(timeout);
    if (text) PyErr_Format(PyExc_ValueError, "timeout is %U; it has to be 0 or more seconds", text.get());
    return false;
  }
  constexpr double kForEver = 1e9;  // what a steady clock can add
  if (seconds < kForEver) {
    deadline = Clock::now() + std::chrono::nanoseconds(static_cast<std::int64_t>(std::ceil(seconds * 1e9)));
  }
  return true;
}

/// Sleep until there may be something at the position, for a while at most. False: an exception is set.
template <class Position>
bool wait_a_while(const Handle& handle, const Position& position, Clock::time_point deadline) {
  {
    const WithoutGil others_run;
    const Queue& queue = handle.queue;
    const Ring& ring = queue.ring();
    Waiter waiter(Wait::block(), queue.annex(), queue.writable());
    waiter.until(std::min(deadline, Clock::now() + kWaitAtOnce), [&] {
      const std::uint64_t cursor = position.load();
      const std::uint64_t reserved = ring.reserved_index();
      const bool is_elsewhere = reserved < cursor || reserved - cursor > ring.geometry().capacity();
      return is_elsewhere || !ring.is_nothing_at(cursor) || handle.closed.load(std::memory_order_relaxed);
    });
  }
  return PyErr_CheckSignals() == 0 && is_still_open(handle);
}

PyDoc_STRVAR(
    read_wait_doc,
    "read_wait($self, read_index, timeout=None)\n--\n\n"
    "As read(), but wait for an item; other threads run meanwhile.\n\n"
    "timeout: in seconds; None waits for ever. When it is over the answer is that of read() where nothing is.\n"
    "Sleepers are woken by the producers of slickq; those of SlickQueue wake nobody and are looked for every\n"
    "millisecond at first, every 5 ms later. Ctrl-C and close() end a wait.\n\n"
    "Raises ValueError for a timeout that is negative, else as read().");

PyObject* read_wait(PyObject* self, PyObject* const* given, Py_ssize_t positional, PyObject* keywords) {
  static constexpr Signature<2> signature{"read_wait", {"read_index", "timeout"}, 1};
  std::array<PyObject*, 2> bound;
  Clock::time_point deadline;
  if (!signature.bind(given, positional, keywords, bound) || !to_deadline(bound[1], deadline)) return nullptr;
  return at_position(self, bound[0],
                     [&](QueueState& state, Handle& handle, auto position, bool is_shared) -> PyObject* {
                       Item item;
                       for (;;) {
                         if (!take_item(state, handle.queue.ring(), position, item)) return nullptr;
                         if (item.bytes || Clock::now() >= deadline)
                           return answer(std::move(item), position.load(), is_shared);
                         if (!wait_a_while(handle, position, deadline)) return nullptr;
                       }
                     });
}

// Where the newest published item begins: as the header says, or, in layouts that do not say it, by looking back.
std::uint64_t newest_item(const Ring& ring) noexcept {
  if (has_last_published(ring.geometry().layout())) return ring.last_published();
  const std::uint64_t end = ring.reserved_index();
  const std::uint64_t step = ring.geometry().items_per_slot();
  const std::uint64_t most = std::min<std::uint64_t>(end, ring.geometry().capacity());
  for (std::uint64_t back = step; back <= most; back += step) {
    if (ring.held_by_slot(end - back) == end - back) return end - back;
  }
  return kNoIndex;
}

PyDoc_STRVAR(read_last_doc,
             "read_last($self)\n--\n\n"
             "A copy of the item that was published last, as bytes, or None when there is none. Takes nothing.");

PyObject* read_last(PyObject* self, PyObject*) {
  const QueueState* const state = open_state(self);
  if (state == nullptr) return nullptr;
  const Ring& ring = state->handle->queue.ring();
  constexpr int kTries = 64;  // a fast producer may lap a tiny ring under each copy
  for (int k = 0; k < kTries; ++k) {
    const std::uint64_t index = newest_item(ring);
    if (index == kNoIndex) break;
    const Sight sight = ring.look(index);
    if (sight.what != Look::item) continue;
    Ref bytes = bytes_of(std::uint64_t{sight.count} * state->geometry.element_size());
    if (!bytes) return nullptr;
    HardwareMemory::copy_out(inside(bytes).data(), ring.element(index), inside(bytes).size());
    if (ring.is_intact(index)) return bytes.release();
  }
  Py_RETURN_NONE;
}

PyDoc_STRVAR(
    loss_count_doc,
    "loss_count($self)\n--\n\n"
    "Elements that reads of this object passed because they were overwritten before. Indexes that markers had\n"
    "jumped over cannot be told from them any more once they are overwritten.");

PyObject* loss_count(PyObject* self, PyObject*) {
  const QueueState* const state = reinterpret_cast<QueueObject*>(self)->state;
  return PyLong_FromUnsignedLongLong(state == nullptr ? 0 : state->lost);
}

}  // namespace

// read_many.cpp
PyObject* read_many(PyObject* self, PyObject* const* given, Py_ssize_t positional, PyObject* keywords);
extern const char read_many_doc[];
PyObject* read_into(PyObject* self, PyObject* const* given, Py_ssize_t positional, PyObject* keywords);
extern const char read_into_doc[];

PyMethodDef read_methods[] = {{"read", as_method(read), METH_FASTCALL | METH_KEYWORDS, read_doc},
                              {"read_wait", as_method(read_wait), METH_FASTCALL | METH_KEYWORDS, read_wait_doc},
                              {"read_many", as_method(read_many), METH_FASTCALL | METH_KEYWORDS, read_many_doc},
                              {"read_into", as_method(read_into), METH_FASTCALL | METH_KEYWORDS, read_into_doc},
                              {"read_last", as_method(read_last), METH_NOARGS, read_last_doc},
                              {"loss_count", as_method(loss_count), METH_NOARGS, loss_count_doc},
                              {nullptr, nullptr, 0, nullptr}};

}  // namespace slickq::python
