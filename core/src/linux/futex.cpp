// Sleeping on a word in shared memory. Not FUTEX_PRIVATE: the sleepers are in other processes.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

#include "slickq/wait.hpp"

namespace slickq::detail {

// No error matters: EAGAIN (it changed), EINTR, ETIMEDOUT all mean "look again".
void futex_wait(std::uint32_t* word, std::uint32_t seen, std::chrono::nanoseconds limit) noexcept {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit);
  const timespec relative{seconds.count(), (limit - seconds).count()};
  syscall(SYS_futex, word, FUTEX_WAIT, seen, &relative, nullptr, 0);
}

void futex_wake_all(std::uint32_t* word) noexcept {
  syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace slickq::detail
