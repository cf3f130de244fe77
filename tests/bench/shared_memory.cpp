#include "shared_memory.hpp"

#include <sys/mman.h>

#include <cerrno>

#include "slickq/error.hpp"

namespace slickq::peers {

std::byte* map_shared(std::size_t bytes) {
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (at == MAP_FAILED) throw system_failure("memory for a queue", "mmap", errno);
  return static_cast<std::byte*>(at);
}

void unmap_shared(std::byte* at, std::size_t bytes) noexcept { munmap(at, bytes); }

}  // namespace slickq::peers
