#include "target.hpp"

#include <cstdio>
#include <cstdlib>

namespace slickq::fuzz {

void require(bool true_that, const char* promise) noexcept {
  if (true_that) return;
  std::fprintf(stderr, "fuzz: broken promise: %s\n", promise);
  std::abort();
}

}  // namespace slickq::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  slickq::fuzz::run({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
