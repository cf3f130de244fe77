#include "handle.hpp"

#include <pthread.h>

namespace slickq::python {
namespace {
unsigned forks = 0;  // written in a child that has one thread yet
}

unsigned fork_generation() noexcept { return forks; }

void count_forks() noexcept {
  pthread_atfork(nullptr, nullptr, [] { ++forks; });
}

}  // namespace slickq::python
