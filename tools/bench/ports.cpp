#include "ports.hpp"

#include <fmt/format.h>

namespace slickq::bench {
namespace {

std::string_view reason(Push result) noexcept {
  switch (result) {
    case Push::pushed: return "it was pushed";
    case Push::too_large: return "it is larger than an element";
    case Push::exhausted: return "the highest index is reached";
    case Push::timed_out: return "a consumer stood still";
    case Push::obstructed: return "another producer stood still where it had to go";
    case Push::late: return "the ring went round meanwhile";
  }
  return "of an unknown reason";
}

}  // namespace

void require_pushed(Push result) {
  if (result != Push::pushed) [[unlikely]] {
    throw CheckFailed(fmt::format("a message was not pushed: {}", reason(result)));
  }
}

void fail_on(Pop what) {
  throw CheckFailed(what == Pop::reset ? "the queue was reset during the run"
                                       : "an item has more than the one element that was pushed");
}

}  // namespace slickq::bench
