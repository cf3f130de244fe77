#include "growing.hpp"

#include <string>

#include "slickq/error.hpp"
#include "slickq/version.hpp"

namespace slickq::c {
namespace {

constexpr std::size_t kMostStructBytes = 4096;  // no struct of ours gets there: somebody forgot to set struct_size

}  // namespace

void check_struct_size(const char* call, std::size_t given, std::size_t least) {
  if (given >= least && given <= kMostStructBytes) return;
  throw Error(Errc::invalid_argument, call,
              "struct_size is " + std::to_string(given) + ", and the struct has " + std::to_string(least) + " or more",
              "fill it with zeros and set struct_size to its sizeof");
}

void check_unknown_members(const char* call, const void* members, std::size_t bytes) {
  const auto* at = static_cast<const unsigned char*>(members);
  if (std::all_of(at, at + bytes, [](unsigned char byte) { return byte == 0; })) return;
  throw Error(Errc::invalid_argument, call, "an option is set that this libslickq, " SLICKQ_VERSION ", does not know",
              "the program was built for a newer one: install that");
}

}  // namespace slickq::c
