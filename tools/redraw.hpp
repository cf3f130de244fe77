// A table that is drawn again each round, over that of the round before: what `slickq watch` and `slickq list -w` do on
// a terminal. One that cannot go back up (TERM=dumb) gets round below round, as a pipe does.
//
// Thread safety: one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "session.hpp"

namespace slickq::cli {

class Redraw {
 public:
  /// Is standard output a terminal that can go back up, and wants text?
  static bool is_possible(const Session& session);
  /// How wide a line may be, as of now: in the last column a terminal may begin a new line.
  static std::size_t width();

  /// `lines`: of at most width() columns. Those beyond the height are left out; the last line tells how many, and
  /// `hint`, where they can be seen.
  void draw(Session& session, std::vector<std::string> lines, std::string_view hint);

 private:
  std::size_t drawn_ = 0;
};

}  // namespace slickq::cli
