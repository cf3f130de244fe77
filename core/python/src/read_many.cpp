// read_many and read_into: many items in one call, validated some hundred at a time.
#include <cstring>

#include "taking.hpp"

namespace slickq::python {
namespace {

constexpr std::size_t kItemsAtOnce = 256;

/// What was taken, one item behind the other from the start of the buffer.
struct Haul {
  std::size_t bytes = 0;
  std::uint64_t too_large = 0;  // bytes of the first item, when it does not fit and nothing was taken
};

// Other threads run between two pieces. Ctrl-C has to wait: what was taken from a shared cursor would be lost with it.
template <class Position>
Haul take_items(QueueState& state, const Ring& ring, Position position, std::span<std::byte> buffer) {
  Haul haul;
  BatchItem items[kItemsAtOnce];
  std::size_t piece = kBytesAtOnce;
  std::size_t held = 0;  // bytes since other threads had a chance
  for (;;) {
    std::span<BatchItem> taken;
    const auto room = buffer.subspan(haul.bytes);
    const PopResult result =
        PositionReader<Position>(ring, position).pop_batch(room.first(std::min(piece, room.size())), items, taken);
    state.lost += result.lost;
    if (result.what == Pop::reset) continue;
    if (result.what == Pop::too_small) {
      const std::uint64_t needed = std::uint64_t{result.count} * state.geometry.element_size();
      if (needed > room.size() && haul.bytes == 0) haul.too_large = needed;
      if (needed > room.size()) return haul;
      piece = needed;  // one that is larger than a piece, alone
      continue;
    }
    if (result.what != Pop::item) return haul;
    // The oldest of a batch may have been overwritten under the copy.
    const std::byte* const from = taken.front().bytes.data();
    const std::size_t size = static_cast<std::size_t>(taken.back().bytes.data() - from) + taken.back().bytes.size();
    std::byte* const to = buffer.data() + haul.bytes;
    if (from != to) std::memmove(to, from, size);
    haul.bytes += size;
    if (haul.bytes == buffer.size()) return haul;
    piece = kBytesAtOnce;
    if ((held += size) < kBytesAtOnce / 2) continue;
    const WithoutGil others_run;
    held = 0;
  }
}

std::span<std::byte> inside(PyObject* bytes, std::size_t size) noexcept {
  return {reinterpret_cast<std::byte*>(PyBytes_AS_STRING(bytes)), size};
}

// Elements between the position and C: no more can be there.
std::uint64_t most_there(const Ring& ring, std::uint64_t position) noexcept {
  const std::uint64_t reserved = ring.reserved_index();
  const std::uint64_t capacity = ring.geometry().capacity();
  return reserved > position ? std::min(reserved - position, capacity) : capacity;  // behind C: as after a reset
}

// Bytes of at most `most` elements, or of one item that has more; null with an exception.
template <class Position>
Ref take_bytes(QueueState& state, const Ring& ring, Position position, std::uint64_t most) {
  const std::uint64_t element = state.geometry.element_size();
  std::uint64_t size = 0;
  if (!ring.is_nothing_at(position.load())) size = std::min(most, most_there(ring, position.load())) * element;
  for (;;) {
    Ref bytes(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size)));
    if (!bytes) return bytes;
    const Haul haul = take_items(state, ring, position, inside(bytes.get(), size));
    if (haul.too_large != 0) {
      size = haul.too_large;
      continue;
    }
    if (haul.bytes != size) _PyBytes_Resize(bytes.address(), static_cast<Py_ssize_t>(haul.bytes));
    return bytes;
  }
}

// Where to read on: the number, or the cursor that was given.
Ref next_of(PyObject* cursor, std::uint64_t index, bool is_shared) {
  return is_shared ? Ref::borrowed(cursor) : Ref(PyLong_FromUnsignedLongLong(index));
}

}  // namespace

extern const char read_many_doc[] =
    "read_many($self, cursor, max)\n--\n\n"
    "Take as many items as are there, up to `max` elements, without waiting.\n\n"
    "cursor: an int or an AtomicCursor, as for read().\n"
    "Returns (data, count, next): data is bytes, the items one behind the other; count is its elements, so that\n"
    "len(data) == count * element_size; next is where to read on: an int, or the cursor that was given. (b'', 0, "
    "next)\n"
    "when there is nothing. An item that has more than `max` elements comes alone.\n\n"
    "Raises ValueError when max is less than 1, else as read().";

PyObject* read_many(PyObject* self, PyObject* const* given, Py_ssize_t positional, PyObject* keywords) {
  static constexpr Signature<2> signature{"read_many", {"cursor", "max"}, 2};
  std::array<PyObject*, 2> bound;
  std::uint64_t most = 0;
  if (!signature.bind(given, positional, keywords, bound) || !to_count(bound[1], "max", most)) return nullptr;
  return at_position(
      self, bound[0], [&](QueueState& state, Handle& handle, auto position, bool is_shared) -> PyObject* {
        Ref bytes = take_bytes(state, handle.queue.ring(), position, most);
        if (!bytes) return nullptr;
        const Py_ssize_t count = PyBytes_GET_SIZE(bytes.get()) / static_cast<Py_ssize_t>(state.geometry.element_size());
        Ref next = next_of(bound[0], position.load(), is_shared);
        return next ? Py_BuildValue("(NnN)", bytes.release(), count, next.release()) : nullptr;
      });
}

extern const char read_into_doc[] =
    "read_into($self, buffer, cursor)\n--\n\n"
    "Take as many items as are there and fit, into memory of the caller's, without waiting.\n\n"
    "buffer: writable and contiguous, at least one element: bytearray, memoryview, NumPy array. Behind the elements\n"
    "taken it may be written to, too.\n"
    "cursor: an int or an AtomicCursor, as for read().\n"
    "Returns (count, next): count * element_size bytes were filled; next is where to read on: an int, or the cursor\n"
    "that was given. (0, next) when there is nothing.\n\n"
    "Raises ValueError when the next item does not fit, else as read(); TypeError or BufferError for what is no such\n"
    "buffer.";

PyObject* read_into(PyObject* self, PyObject* const* given, Py_ssize_t positional, PyObject* keywords) {
  static constexpr Signature<2> signature{"read_into", {"buffer", "cursor"}, 2};
  std::array<PyObject*, 2> bound;
  if (!signature.bind(given, positional, keywords, bound)) return nullptr;
  const Buffer buffer(bound[0], PyBUF_WRITABLE);
  if (!buffer) return nullptr;
  return at_position(
      self, bound[1], [&](QueueState& state, Handle& handle, auto position, bool is_shared) -> PyObject* {
        const std::uint64_t element = state.geometry.element_size();
        const auto room = buffer.bytes().first(buffer.bytes().size() / element * element);
        Haul haul;
        if (!room.empty()) haul = take_items(state, handle.queue.ring(), position, room);
        if (room.empty() || haul.too_large != 0) {
          PyErr_Format(PyExc_ValueError, "the buffer has %zu bytes, the item %llu", buffer.bytes().size(),
                       static_cast<unsigned long long>(std::max(haul.too_large, element)));
          return nullptr;
        }
        Ref next = next_of(bound[1], position.load(), is_shared);
        const auto count = static_cast<unsigned long long>(haul.bytes / element);
        return next ? Py_BuildValue("(KN)", count, next.release()) : nullptr;
      });
}

}  // namespace slickq::python
