#include "ports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace slickq::bench {
namespace {

struct Reason {
  Push result;
  std::string_view words;
};
constexpr std::array kReasons{Reason{Push::too_large, "it is larger than an element"},
                              Reason{Push::exhausted, "the highest index is reached"},
                              Reason{Push::timed_out, "a consumer stood still"},
                              Reason{Push::obstructed, "another producer stood still where it had to go"},
                              Reason{Push::late, "the ring went round meanwhile"},
                              Reason{Push::busy, "a reservation of the same producer is open"}};

std::string_view reason(Push result) noexcept {
  const auto* known = std::ranges::find(kReasons, result, &Reason::result);
  return known == kReasons.end() ? "the library does not say why" : known->words;
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
