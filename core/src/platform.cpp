#include "slickq/platform.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace slickq {

PlatformSupport check_platform_support() {
#if defined(__x86_64__)
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & bit_CMPXCHG16B) == 0) {
    return {false, "Linux x86-64 without CMPXCHG16B: layout wide and jump markers need a 16-byte compare-exchange"};
  }
  return {true, "Linux x86-64, lock-free 8- and 16-byte atomics"};
#else
  return {true, "Linux ARM64, lock-free 8- and 16-byte atomics"};
#endif
}

}  // namespace slickq
