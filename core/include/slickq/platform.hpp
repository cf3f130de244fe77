// Can this machine run slickq's queues?
#pragma once

#include <string>

namespace slickq {

struct PlatformSupport {
  bool supported = false;
  std::string message;  ///< what the platform is and, when unsupported, what is missing
};

/// 64-bit little-endian, a lock-free 16-byte compare-exchange. Thread safe.
PlatformSupport check_platform_support();

}  // namespace slickq
