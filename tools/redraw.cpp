#include "redraw.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "text_width.hpp"

namespace slickq::cli {
namespace {

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t lines = 24;
};
TerminalSize terminal_size() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

}  // namespace

bool Redraw::is_possible(const Session& session) {
  const char* terminal = std::getenv("TERM");
  const bool goes_up = terminal != nullptr && *terminal != '\0' && std::string_view(terminal) != "dumb";
  return session.style.terminal && !session.globals.json && goes_up;
}

std::size_t Redraw::width() { return terminal_size().columns - 1; }

void Redraw::draw(Session& session, std::vector<std::string> lines, std::string_view hint) {
  const std::size_t room = std::max<std::size_t>(terminal_size().lines, 3) - 1;  // the last line is the cursor's
  if (lines.size() > room) {
    const std::size_t hidden = lines.size() - room + 1;
    lines.resize(room - 1);
    lines.push_back(clip_text(fmt::format("... {} more: {}", hidden, hint), width()));
  }
  if (drawn_ > 0) session.out.write(fmt::format("\033[{}A\r", drawn_));
  for (const std::string& line : lines) session.out.line(line + "\033[K");
  session.out.write("\033[J");
  drawn_ = lines.size();
}

}  // namespace slickq::cli
