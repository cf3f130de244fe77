// A capture: read to its end, as replay does.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "capture/reader.hpp"
#include "slickq/error.hpp"
#include "target.hpp"

namespace slickq::fuzz {

void run(std::span<const std::byte> input) {
  static const int fd = memfd_create("capture", MFD_CLOEXEC);
  require(fd >= 0 && ftruncate(fd, 0) == 0 &&
              pwrite(fd, input.data(), input.size(), 0) == static_cast<ssize_t>(input.size()),
          "there is room for a capture");
  try {
    cli::pcapng::Reader reader("/proc/self/fd/" + std::to_string(fd));
    cli::pcapng::Packet packet;
    std::size_t bytes = 0;
    while (reader.next(packet)) {
      bytes += packet.payload.size();
      require(bytes <= input.size(), "payloads are parts of the file");
      require(packet.interface < reader.interfaces().size(), "a packet has an interface");
    }
    for (std::uint32_t k = 0; k < reader.interfaces().size(); ++k) {
      static_cast<void>(reader.dropped_by_statistics(k));
    }
  } catch (const Error& error) {
    require(!error.cause().empty(), "an error says why");
  }
}

}  // namespace slickq::fuzz
