// The extension module slick_queue_py._native: what `import slick_queue_py` and `import atomic_ops` hand out.
//
// Single-phase initialisation, one set of types a process: interpreters with a GIL of their own refuse to import it,
// and who loads it a second time, under another name, gets an ImportError.
#include <utility>

#include "cursor.hpp"
#include "errors.hpp"
#include "handle.hpp"
#include "queue_object.hpp"
#include "slickq/platform.hpp"
#include "slickq/version.hpp"
#include "views.hpp"

namespace slickq::python {
namespace {

PyDoc_STRVAR(
    check_doc,
    "check_platform_support()\n--\n\n"
    "Can queues be used on this machine? Returns (supported, message): the message names the platform and, when\n"
    "it is not supported, what it lacks.");

PyObject* check_platform(PyObject*, PyObject*) {
  PlatformSupport support;
  if (!guarded([&] { support = check_platform_support(); })) return nullptr;
  return Py_BuildValue("(Ns)", PyBool_FromLong(support.supported), support.message.c_str());
}

PyMethodDef functions[] = {{"check_platform_support", as_method(check_platform), METH_NOARGS, check_doc},
                           {nullptr, nullptr, 0, nullptr}};

PyModuleDef definition{PyModuleDef_HEAD_INIT,
                       "slick_queue_py._native",
                       "Lock-free queues in shared memory; see slick_queue_py.",
                       -1,
                       functions,
                       nullptr,
                       nullptr,
                       nullptr,
                       nullptr};

}  // namespace
}  // namespace slickq::python

// CPython 3.8 does not say so in the macro.
extern "C" [[gnu::visibility("default")]] PyObject* PyInit__native();

PyMODINIT_FUNC PyInit__native() {
  using namespace slickq::python;
  if (static bool is_loaded = false; std::exchange(is_loaded, true)) {
    PyErr_SetString(PyExc_ImportError, "slick_queue_py._native is loaded already, and there is one in a process");
    return nullptr;
  }
  Ref module(PyModule_Create(&definition));
  if (!module || !make_elements_type() || !add_errors(module.get()) || !add_cursor_type(module.get()) ||
      !add_queue_type(module.get()) || PyModule_AddStringConstant(module.get(), "__version__", SLICKQ_VERSION) != 0) {
    return nullptr;
  }
  count_forks();
  return module.release();
}
