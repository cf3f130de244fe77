// Barriers on other cores (Linux 4.16): the sleeper pays, so that producers need none with each item.
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include "slickq/wait.hpp"

namespace slickq::detail {

bool barrier_everywhere() noexcept { return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0) == 0; }

// Once a process: with several threads the kernel waits for all cores, which takes milliseconds. Two threads at once
// may both do it, which does no harm.
bool expect_barriers() noexcept {
  static std::atomic<pid_t> expecting{0};
  const pid_t self = getpid();
  // relaxed: no other memory hangs on it.
  if (expecting.load(std::memory_order_relaxed) == self) return true;
  if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) != 0) return false;
  expecting.store(self, std::memory_order_relaxed);
  return true;
}

}  // namespace slickq::detail
