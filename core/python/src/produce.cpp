// reserve, publish, push, push_many, q[i].
#include <algorithm>
#include <chrono>
#include <thread>

#include "arguments.hpp"
#include "errors.hpp"
#include "queue_object.hpp"

namespace slickq::python {
namespace {

/// The queue's producing side, or null with an exception.
std::shared_ptr<Producing> producing_of(PyObject* self, QueueState*& state) {
  state = open_state(self);
  if (state == nullptr) return nullptr;
  if (state->generation != fork_generation() && !adopt_after_fork(*state)) return nullptr;
  if (!state->producing) [[unlikely]] {
    if (!guarded([&] { state->producing = std::make_shared<Producing>(state->handle); })) return nullptr;
  }
  return state->producing;
}

// Somebody else is at work wherever the item could go: for as long as this is tried again, a thread of this
// process, or one that was preempted, gets on.
constexpr auto kPatience = std::chrono::seconds(1);
constexpr auto kRest = std::chrono::milliseconds(1);

/// Calls `attempt` until it answers something else than `obstructed`, or the patience is over. False: an exception.
template <class Attempt>
bool patiently(const HandlePtr& handle, Producing& producing, Push& result, Attempt attempt) {
  std::chrono::steady_clock::time_point deadline{};
  for (;;) {
    if (!guarded([&] { result = attempt(); })) return false;
    if (result != Push::obstructed) [[likely]]
      return true;
    const auto now = std::chrono::steady_clock::now();
    if (deadline == std::chrono::steady_clock::time_point{}) deadline = now + kPatience;
    if (now >= deadline) return true;
    {
      const WithoutGil others_run;
      std::this_thread::sleep_for(kRest);
      producing.look_for_dead();
    }
    if (PyErr_CheckSignals() != 0 || !is_still_open(*handle)) return false;
  }
}

// Of what was not pushed, but of `late`. `n`: elements that were to go in.
PyObject* complain(Push why, const Producing& producing, std::uint64_t n) {
  switch (why) {
    case Push::exhausted:
      PyErr_SetString(PyExc_RuntimeError, "the last index, 2**47, is reached: create the queue anew");
      break;
    case Push::obstructed:
      if (const auto own = producing.own_in_the_way(n)) {
        PyErr_Format(
            PyExc_RuntimeError,
            "the reservation at %llu of this same object, by another thread of this process, has been open for "
            "a second where the item had to go: publish it, or close the queue",
            static_cast<unsigned long long>(*own));
        break;
      }
      PyErr_SetString(PyExc_RuntimeError,
                      "another producer has stood still for a second wherever the item could go (slickq inspect "
                      "shows what is reserved and not published)");
      break;
    default: PyErr_SetString(PyExc_RuntimeError, "the item was not pushed"); break;
  }
  return nullptr;
}

PyDoc_STRVAR(
    reserve_doc,
    "reserve($self, n=1)\n--\n\n"
    "Reserve `n` elements, to be written through q[index] and then published as one item.\n\n"
    "Returns the index of the first; the others follow it. Any number of threads and processes at once.\n"
    "A reservation keeps readers waiting until it is published; what this thread does not publish before\n"
    "it comes round the ring, by reservations or pushes, is given up.\n\n"
    "Raises ValueError when n is less than 1, RuntimeError when it is more than the ring has, or when another\n"
    "producer stands still (for a second) wherever the elements could be.");

PyObject* reserve(PyObject* self, PyObject* const* given, Py_ssize_t positional, PyObject* keywords) {
  static constexpr Signature<1> signature{"reserve", {"n"}, 0};
  std::array<PyObject*, 1> bound;
  std::uint64_t n = 1;
  if (!signature.bind(given, positional, keywords, bound)) return nullptr;
  if (bound[0] != nullptr && !to_count(bound[0], "n", n)) return nullptr;
  QueueState* state;
  const std::shared_ptr<Producing> producing = producing_of(self, state);
  if (!producing) return nullptr;
  if (n > state->geometry.capacity()) {
    const std::uint32_t capacity = state->geometry.capacity();
    const Ref text = shown(bound[0]);
    if (text) PyErr_Format(PyExc_RuntimeError, "cannot reserve %U elements: the queue has %u", text.get(), capacity);
    return nullptr;
  }
  const HandlePtr handle = state->handle;
  std::uint64_t index = 0;
  Push result;
  const auto attempt = [&] { return producing->reserve(static_cast<std::uint32_t>(n), index); };
  if (!patiently(handle, *producing, result, attempt)) return nullptr;
  return result == Push::pushed ? PyLong_FromUnsignedLongLong(index) : complain(result, *producing, n);
}

PyDoc_STRVAR(
    publish_doc,
    "publish($self, index, n=1)\n--\n\n"
    "Make the first `n` elements of the reservation at `index` visible, as one item.\n\n"
    "What is left of the reservation is given up at once: readers jump over it, and it cannot be published later, as\n"
    "it can with SlickQueue. Publish a block as a whole; for single items of its elements: push_many().\n\n"
    "Returns True, or False when the item came too late: the ring has gone round since it was reserved, and\n"
    "nobody sees it. Of an index that is a lap old it is not known any more whether it was ever reserved here,\n"
    "or published: False, too.\n"
    "Raises ValueError when a younger index is not of a reservation of this object that is still open, or n is\n"
    "less than 1 or more than was reserved.");

PyObject* publish(PyObject* self, PyObject* const* given, Py_ssize_t positional, PyObject* keywords) {
  static constexpr Signature<2> signature{"publish", {"index", "n"}, 1};
  std::array<PyObject*, 2> bound;
  std::uint64_t index = 0;
  std::uint64_t n = 1;
  if (!signature.bind(given, positional, keywords, bound) || !to_index(bound[0], "index", index)) return nullptr;
  if (bound[1] != nullptr && !to_count(bound[1], "n", n)) return nullptr;
  QueueState* state;
  const std::shared_ptr<Producing> producing = producing_of(self, state);
  if (!producing) return nullptr;
  switch (producing->publish(index, n)) {
    case Producing::Published::visible: Py_RETURN_TRUE;
    case Producing::Published::late: Py_RETURN_FALSE;
    case Producing::Published::too_many: {
      const Ref text = shown(bound[1]);
      const auto at = static_cast<unsigned long long>(index);
      if (text) PyErr_Format(PyExc_ValueError, "n is %U, more than was reserved at %llu", text.get(), at);
      return nullptr;
    }
    case Producing::Published::unknown: break;
  }
  PyErr_Format(
      PyExc_ValueError,
      "index %llu is not of a reservation of this object that is open; what a publish leaves over is given up: "
      "publish the whole block at once, or use push_many",
      static_cast<unsigned long long>(index));
  return nullptr;
}

PyDoc_STRVAR(push_doc,
             "push($self, data)\n--\n\n"
             "Put one item of one element in, in one step; what is shorter than an element is filled up with zeros.\n\n"
             "data: bytes or any contiguous buffer, at most element_size bytes.\n"
             "Returns the index of the item. It is visible when the call returns, and was never dropped.\n"
             "Raises ValueError when data is longer than an element, TypeError when it is no buffer, RuntimeError as\n"
             "reserve().");

PyObject* push_bytes(PyObject* self, std::span<const std::byte> bytes) {
  QueueState* state;
  const std::shared_ptr<Producing> producing = producing_of(self, state);
  if (!producing) return nullptr;
  if (bytes.size() > state->geometry.element_size()) {
    PyErr_Format(PyExc_ValueError, "data has %zu bytes, an element %u", bytes.size(), state->geometry.element_size());
    return nullptr;
  }
  const HandlePtr handle = state->handle;
  Push result;
  if (!patiently(handle, *producing, result, [&] { return producing->push(bytes); })) return nullptr;
  if (result != Push::pushed) return complain(result, *producing, 1);
  return PyLong_FromUnsignedLongLong(producing->last_index());
}

PyObject* push(PyObject* self, PyObject* data) {
  if (PyBytes_CheckExact(data)) [[likely]] {
    return push_bytes(self, {reinterpret_cast<const std::byte*>(PyBytes_AS_STRING(data)),
                             static_cast<std::size_t>(PyBytes_GET_SIZE(data))});
  }
  const Buffer buffer(data, PyBUF_SIMPLE);
  return buffer ? push_bytes(self, buffer.bytes()) : nullptr;
}

PyDoc_STRVAR(
    push_many_doc,
    "push_many($self, data)\n--\n\n"
    "Put many items of one element each in: the fastest way.\n\n"
    "data: a contiguous buffer of whole elements, one behind the other: bytes, bytearray, memoryview, a NumPy\n"
    "array of any type and shape that is n * element_size bytes long.\n"
    "Returns how many were pushed, n. Those of other producers may come between them.\n"
    "Raises ValueError when data does not consist of whole elements, TypeError when it is no buffer,\n"
    "RuntimeError as reserve(); then the first of them may have been pushed.");

// So many are pushed before other threads, and Ctrl-C, have a chance: a fraction of a millisecond.
constexpr std::size_t kElementsAtOnce = 4096;

std::size_t bytes_at_once(std::size_t element) noexcept {
  return std::clamp<std::size_t>(kBytesAtOnce / element, 1, kElementsAtOnce) * element;
}

bool push_all(const HandlePtr& handle, Producing& producing, std::span<const std::byte> left) {
  const std::size_t element = handle->queue.geometry().element_size();
  while (!left.empty()) {
    const auto piece = left.first(std::min(left.size(), bytes_at_once(element)));
    std::size_t done = 0;  // bytes of the piece
    Push result;
    const auto attempt = [&] {
      const std::uint64_t before = producing.pushed_items();
      const Push answer = producing.push_batch(piece.subspan(done));
      done += (producing.pushed_items() - before) * element;
      return answer;
    };
    if (!patiently(handle, producing, result, attempt)) return false;
    if (result != Push::pushed) return complain(result, producing, (piece.size() - done) / element) != nullptr;
    left = left.subspan(piece.size());
    if (left.empty()) break;
    { const WithoutGil others_run; }
    if (PyErr_CheckSignals() != 0 || !is_still_open(*handle)) return false;
  }
  return true;
}

PyObject* push_many(PyObject* self, PyObject* data) {
  const Buffer buffer(data, PyBUF_SIMPLE);
  if (!buffer) return nullptr;
  QueueState* state;
  const std::shared_ptr<Producing> producing = producing_of(self, state);
  if (!producing) return nullptr;
  const auto bytes = buffer.bytes();
  const std::uint32_t element = state->geometry.element_size();
  if (bytes.size() % element != 0) {
    PyErr_Format(PyExc_ValueError, "data has %zu bytes, which is no multiple of the element size, %u", bytes.size(),
                 element);
    return nullptr;
  }
  const HandlePtr handle = state->handle;
  return push_all(handle, *producing, bytes) ? PyLong_FromSize_t(bytes.size() / element) : nullptr;
}

}  // namespace

PyDoc_STRVAR(
    element_doc,
    "__getitem__($self, index)\n--\n\n"
    "The element that `index` is in, in the ring: a memoryview of element_size bytes ('B'), writable, that is valid\n"
    "for any index from 0 to 2**64 - 1 (index & (size - 1) is taken). What is in it counts from publish() on.\n\n"
    "Nothing is copied or checked: of an element that is not reserved here others may write at any time; read()\n"
    "hands out what was whole. The view keeps the memory mapped. After close() every use of it, and of what was\n"
    "sliced or cast from it, raises ValueError; a NumPy array made from it keeps showing the memory.\n\n"
    "Raises IndexError for a number outside that range, TypeError for what is no number (a slice).");

PyMethodDef produce_methods[] = {{"reserve", as_method(reserve), METH_FASTCALL | METH_KEYWORDS, reserve_doc},
                                 {"publish", as_method(publish), METH_FASTCALL | METH_KEYWORDS, publish_doc},
                                 {"__getitem__", as_method(element_of), METH_O | METH_COEXIST, element_doc},
                                 {"push", as_method(push), METH_O, push_doc},
                                 {"push_many", as_method(push_many), METH_O, push_many_doc},
                                 {nullptr, nullptr, 0, nullptr}};

PyObject* element_of(PyObject* self, PyObject* index) {
  std::uint64_t number = 0;
  if (!to_index(index, "index", number, PyExc_IndexError)) return nullptr;
  QueueState* const state = open_state(self);
  return state == nullptr ? nullptr : state->views.element(number);
}

}  // namespace slickq::python
