#include "terminfo.hpp"

#include <unistd.h>

// clang-format off: the second needs the first
#include <curses.h>
#include <term.h>
// clang-format on

namespace slickq::cli {

bool can_be_drawn_on(const std::string& terminal) {
  int why = 0;
  if (terminal.empty() || setupterm(terminal.c_str(), STDOUT_FILENO, &why) != OK) return false;
  const bool moves = cursor_address != nullptr;
  del_curterm(cur_term);
  return moves;
}

}  // namespace slickq::cli
