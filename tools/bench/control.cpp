#include "control.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <new>
#include <thread>

#include "slickq/error.hpp"
#include "slickq/wait.hpp"

namespace slickq::bench {

SharedControl::SharedControl() {
  void* at = mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw system_failure("memory for the workers", "mmap", errno);
  at_ = new (at) Control();
}

SharedControl::~SharedControl() { munmap(at_, sizeof(Control)); }

void hold(bool crowded) noexcept {
  if (crowded) {
    std::this_thread::yield();
  } else {
    HardwareMemory::pause();
  }
}

void wait_for(const Counter& counter, std::uint32_t count, bool crowded) noexcept {
  while (!have_arrived(counter, count)) hold(crowded);
}

}  // namespace slickq::bench
