// What a terminal can do, by its name; apart from screen.cpp, because <term.h> takes hundreds of names for itself.
//
// Thread safety: one thread.
#pragma once

#include <string>

namespace slickq::cli {

/// Is it known, and can its cursor be moved? Writes nothing; ncurses would begin to draw before it finds out.
bool can_be_drawn_on(const std::string& terminal);

}  // namespace slickq::cli
