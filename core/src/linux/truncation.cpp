#include "slickq/truncation.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "slickq/error.hpp"

namespace slickq {
namespace {

// Lock-free, so that the handler may read them in the middle of anything. `begin` null: not in use.
struct WatchedMapping {
  std::atomic<const std::byte*> begin{nullptr};
  std::atomic<std::size_t> bytes{0};
};

std::array<WatchedMapping, kWatchedMappings> watched_mappings;
std::atomic<bool> survives{false};
std::atomic<std::uint64_t> replaced{0};
std::uintptr_t page_bytes = 4096;

bool is_watched(const std::byte* at) noexcept {
  for (const WatchedMapping& mapping : watched_mappings) {
    // acquire: pairs with the release in watch_mapping(): the length belongs to this beginning.
    const std::byte* const begin = mapping.begin.load(std::memory_order_acquire);
    if (begin != nullptr && at >= begin && at < begin + mapping.bytes.load(std::memory_order_relaxed)) return true;
  }
  return false;
}

void on_bus_error(int, siginfo_t* info, void*) {
  const int error = errno;
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  void* const page = reinterpret_cast<void*>(address & ~(page_bytes - 1));
  // mmap is not in POSIX's list of what a handler may call; on Linux it is a bare system call.
  const bool replaces =
      info->si_code == BUS_ADRERR && is_watched(static_cast<const std::byte*>(info->si_addr)) &&
      mmap(page, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
  if (replaces) {
    replaced.fetch_add(1, std::memory_order_relaxed);  // asked by the thread that got here, or some time later
  } else {
    signal(SIGBUS, SIG_DFL);  // the instruction is tried again, and ends the process as if we were not here
    if (info->si_code <= 0) raise(SIGBUS);  // sent by somebody, there is no instruction: so does the signal
  }
  errno = error;
}

}  // namespace

void survive_truncation() noexcept {
  page_bytes = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  // release: pairs with the acquire in watch_mapping().
  if (sigaction(SIGBUS, &action, nullptr) == 0) survives.store(true, std::memory_order_release);
}

std::uint64_t replaced_pages() noexcept { return replaced.load(std::memory_order_relaxed); }

void TruncationCheck::require_whole(const std::string& segment) const {
  if (!failed()) return;
  throw Error(Errc::corrupt, segment, "somebody made it shorter while it was in use: what was done last is lost",
              "see what is left of it: slickq verify " + segment);
}

namespace detail {

void watch_mapping(const std::byte* at, std::size_t bytes) noexcept {
  if (!survives.load(std::memory_order_acquire)) return;
  for (WatchedMapping& mapping : watched_mappings) {
    // Taken first, with a beginning that no address lies behind; then its length, then where it really begins.
    const std::byte* none = nullptr;
    const auto* const taken = reinterpret_cast<const std::byte*>(~std::uintptr_t{0});
    if (!mapping.begin.compare_exchange_strong(none, taken, std::memory_order_relaxed)) continue;
    mapping.bytes.store(bytes, std::memory_order_relaxed);
    // release: pairs with the acquire in is_watched().
    mapping.begin.store(at, std::memory_order_release);
    return;
  }
}

void forget_mapping(const std::byte* at) noexcept {
  if (!survives.load(std::memory_order_acquire)) return;
  for (WatchedMapping& mapping : watched_mappings) {
    if (mapping.begin.load(std::memory_order_relaxed) == at) {
      mapping.begin.store(nullptr, std::memory_order_relaxed);
      return;
    }
  }
}

}  // namespace detail
}  // namespace slickq
