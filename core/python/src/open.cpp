// SlickQueue(...): from keywords to an open queue.
#include <optional>
#include <string_view>

#include "arguments.hpp"
#include "errors.hpp"
#include "queue_object.hpp"

namespace slickq::python {

const char init_doc[] =
    "SlickQueue(*, name=None, size=None, element_size=None, layout=None, items_per_slot=None)\n--\n\n"
    "A ring of `size` elements of `element_size` bytes, for any number of producers and consumers.\n\n"
    "name: of the shared memory segment, with or without a leading '/'. None: memory of this process.\n"
    "size: elements, a power of two. With a name the queue is created, or opened when it exists with this size;\n"
    "    without a size it is opened.\n"
    "element_size: bytes, always needed.\n"
    "layout: 'slq1' (default; SlickQueue C++ from 1.4, Python from 1.1), 'packed' (C++ 1.2 and 1.3, Python 1.0),\n"
    "    'wide' (C++ up to 1.1), 'slq0' (without read_last), 'slq3' and 'slq2' (those with several items a slot). A\n"
    "    queue that exists is recognised; then a layout that is given has to be its own.\n"
    "items_per_slot: elements that share a slot, a power of two; other than 1 makes slq1 slq3, and slq0 slq2.\n\n"
    "Raises ValueError for numbers that are wrong or are not those of the queue that exists, FileNotFoundError when\n"
    "there is none to open, PermissionError, OSError (no space), RuntimeError when the segment is no queue.\n\n"
    "An item that is overwritten before it is read is lost, and counted (loss_count). What is read was whole: it is\n"
    "copied and then checked. An object may be used by several threads; a child of fork() that goes on with\n"
    "its parent's object gets locks of its own.";

namespace {

struct Wishes {
  std::optional<std::string> name;
  std::optional<std::uint64_t> size;
  std::uint64_t element_size = 0;
  std::optional<Layout> layout;
  std::optional<std::uint64_t> items_per_slot;
};

bool is_given(const PyObject* object) noexcept { return object != nullptr && object != Py_None; }

bool take_text(PyObject* object, const char* what, std::optional<std::string>& text) {
  if (!is_given(object)) return true;
  if (!PyUnicode_Check(object)) {
    PyErr_Format(PyExc_TypeError, "%s has to be a str, not %.100s", what, Py_TYPE(object)->tp_name);
    return false;
  }
  Py_ssize_t bytes = 0;
  const char* const utf8 = PyUnicode_AsUTF8AndSize(object, &bytes);
  if (utf8 == nullptr) return false;
  const std::string_view found(utf8, static_cast<std::size_t>(bytes));
  if (found.find('\0') == std::string_view::npos) return guarded([&] { text = std::string(found); });
  PyErr_Format(PyExc_ValueError, "%s %R has a NUL in it", what, object);  // which would end the core's messages
  return false;
}

bool take_count(PyObject* object, const char* what, std::optional<std::uint64_t>& count) {
  if (!is_given(object)) return true;
  std::uint64_t value = 0;
  if (!to_count(object, what, value)) return false;
  count = value;
  return true;
}

bool take_layout(PyObject* object, std::optional<Layout>& layout) {
  std::optional<std::string> text;
  if (!take_text(object, "layout", text)) return false;
  if (!text) return true;
  layout = parse_layout(*text);
  if (layout) return true;
  PyErr_Format(PyExc_ValueError, "layout %R: it can be slq1, slq0, slq3, slq2, packed or wide", object);
  return false;
}

bool take_wishes(PyObject* args, PyObject* keywords, Wishes& wishes) {
  static const char* const names[] = {"name", "size", "element_size", "layout", "items_per_slot", nullptr};
  PyObject *name = nullptr, *size = nullptr, *element_size = nullptr, *layout = nullptr, *items = nullptr;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "|$OOOOO:SlickQueue", const_cast<char**>(names), &name, &size,
                                   &element_size, &layout, &items)) {
    return false;
  }
  std::optional<std::uint64_t> bytes;
  if (!take_text(name, "name", wishes.name) || !take_count(size, "size", wishes.size) ||
      !take_count(element_size, "element_size", bytes) || !take_layout(layout, wishes.layout) ||
      !take_count(items, "items_per_slot", wishes.items_per_slot)) {
    return false;
  }
  if (!bytes || (!wishes.name && !wishes.size)) {
    PyErr_SetString(PyExc_ValueError, bytes ? "a queue without a name needs a size" : "element_size is needed");
    return false;
  }
  wishes.element_size = *bytes;
  return true;
}

Geometry geometry_of(const Wishes& wishes) {
  const Layout layout = wishes.layout.value_or(Layout::slq1);
  return Geometry::make(layout, *wishes.size, wishes.element_size,
                        wishes.items_per_slot.value_or(has_shared_slots(layout) ? 0 : 1));
}

void refuse(const std::string& name, const char* what, const std::string& found, const std::string& asked) {
  throw Error(Errc::mismatch, name, std::string(what) + " mismatch: it has " + found + ", asked for " + asked,
              "open it as it is, or remove it first: slickq unlink " + name);
}

// slq1 asked with several items a slot is slq3.
bool is_layout(Layout found, Layout asked) noexcept {
  return found == asked || (has_shared_slots(found) && has_magic(asked) && !has_shared_slots(asked) &&
                            has_last_published(found) == has_last_published(asked));
}

void check_wishes(const Queue& queue, const Wishes& wishes) {
  const Geometry& found = queue.geometry();
  const auto compare = [&](const char* what, std::uint64_t there, std::uint64_t asked) {
    if (there != asked) refuse(queue.name(), what, std::to_string(there), std::to_string(asked));
  };
  compare("size", found.capacity(), wishes.size.value_or(found.capacity()));
  compare("element size", found.element_size(), wishes.element_size);
  compare("items per slot", found.items_per_slot(), wishes.items_per_slot.value_or(found.items_per_slot()));
  if (wishes.layout && !is_layout(found.layout(), *wishes.layout)) {
    refuse(queue.name(), "layout", std::string(to_string(found.layout())), std::string(to_string(*wishes.layout)));
  }
}

// Opens, or creates when there is none and a size says how large. Whoever comes second opens.
Queue open_or_create(const Wishes& wishes) {
  std::optional<Geometry> geometry;
  if (wishes.size) geometry = geometry_of(wishes);
  if (!wishes.name) return Queue::local(*geometry);
  for (;;) {
    try {
      Queue queue = Queue::open(*wishes.name);
      check_wishes(queue, wishes);
      return queue;
    } catch (const Error& error) {
      if (error.code() != Errc::not_found || !geometry) throw;
    }
    try {
      return Queue::create(*wishes.name, *geometry);
    } catch (const Error& error) {
      if (error.code() != Errc::exists) throw;
    }
  }
}

std::unique_ptr<QueueState> state_of(Queue queue) {
  const Geometry geometry = queue.geometry();
  const std::string name = queue.name();
  const std::string path = queue.is_shared() ? queue.segment().path() : std::string();
  const std::string directory = path.substr(0, path.size() - std::min(path.size(), name.size() + 1));
  const std::uint64_t inode = queue.is_shared() ? queue.segment().inode() : 0;
  auto handle = std::make_shared<Handle>(std::move(queue));
  return std::unique_ptr<QueueState>(
      new QueueState{std::move(handle), {}, nullptr, geometry, name, directory, inode, fork_generation(), 0});
}

}  // namespace

int init_queue(PyObject* self, PyObject* args, PyObject* keywords) {
  QueueState*& state = reinterpret_cast<QueueObject*>(self)->state;
  if (state != nullptr) {
    PyErr_SetString(PyExc_RuntimeError, "the queue is open already");
    return -1;
  }
  Wishes wishes;
  if (!take_wishes(args, keywords, wishes)) return -1;
  std::unique_ptr<QueueState> made;
  std::optional<Error> problem;
  const bool opened = guarded([&] {
    const WithoutGil others_run;  // another program may hold it for a moment
    try {
      made = state_of(open_or_create(wishes));
    } catch (const Error& error) {
      problem = error;
    }
  });
  if (problem) raise(*problem);
  if (!opened || problem) return -1;
  if (!guarded([&] { made->views = ElementViews::of(made->handle); }) || !made->views) return -1;
  state = made.release();
  return 0;
}

}  // namespace slickq::python
