#include "identity.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <fstream>

#include "slickq/error.hpp"

namespace slickq::bridge {
namespace {

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  file >> id;
  return id.substr(0, 8);
}

}  // namespace

std::string identity_of(const Queue& queue) {
  struct statx file {};
  if (statx(queue.segment().fd(), "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &file) != 0) {
    throw system_failure(queue.name(), "cannot look at the segment", errno);
  }
  if (const Annex* annex = queue.annex()) {
    std::string id;
    for (const std::byte byte : annex->header.id) id += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return fmt::format("a-{}-{:x}", id, file.stx_ino);
  }
  return fmt::format("f-{}-{:x}.{:x}-{:x}-{:x}.{:x}", boot_id(), file.stx_dev_major, file.stx_dev_minor, file.stx_ino,
                     static_cast<std::uint64_t>(file.stx_btime.tv_sec), file.stx_btime.tv_nsec);
}

std::string fresh_bridge_id() {
  std::uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) {
    throw system_failure("slickq-bridge", "cannot get a random number", errno);
  }
  return fmt::format("{:016x}", number);
}

}  // namespace slickq::bridge
