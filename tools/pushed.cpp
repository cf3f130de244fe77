#include "pushed.hpp"

#include <fmt/format.h>

#include "slickq/error.hpp"

namespace slickq::cli {

void require_pushed(Push result, const std::string& object) {
  switch (result) {
    case Push::pushed: return;
    case Push::obstructed:
      throw Error(Errc::busy, object, "another producer stands still while it writes where this item would have to go",
                  fmt::format("see who: slickq inspect {}   or make the ring larger", object));
    case Push::exhausted:
      throw Error(Errc::exhausted, object, "the highest index, 2^47, is reached",
                  fmt::format("remove and create it again: slickq unlink {}", object));
    case Push::too_large: throw Error(Errc::invalid_argument, object, "the item is larger than the whole ring");
    // Of producers that respect cursors, and of open reservations: no command has these.
    case Push::timed_out:
    case Push::late:
    case Push::busy: break;
  }
  throw Error(Errc::system, object, "the item was not pushed");
}

}  // namespace slickq::cli
