#include "screen.hpp"

#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <fmt/format.h>
#include <langinfo.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <cwchar>
#include <string_view>

#include "interrupt.hpp"
#include "slickq/error.hpp"
#include "terminfo.hpp"

namespace slickq::cli {
namespace {

constexpr short kNoticePair = 1;
constexpr short kAlarmPair = 2;
constexpr int kEscapeByte = 27;
constexpr int kEscapeDelayMs = 25;  // behind Esc, for the rest of a function key

struct SpecialKey {
  int code;
  TopKey::Kind kind;
};
constexpr std::array kSpecialKeys{
    SpecialKey{KEY_ENTER, TopKey::Kind::enter},   SpecialKey{KEY_BACKSPACE, TopKey::Kind::backspace},
    SpecialKey{KEY_LEFT, TopKey::Kind::left},     SpecialKey{KEY_RIGHT, TopKey::Kind::right},
    SpecialKey{KEY_UP, TopKey::Kind::up},         SpecialKey{KEY_DOWN, TopKey::Kind::down},
    SpecialKey{KEY_PPAGE, TopKey::Kind::page_up}, SpecialKey{KEY_NPAGE, TopKey::Kind::page_down},
    SpecialKey{KEY_HOME, TopKey::Kind::home},     SpecialKey{KEY_END, TopKey::Kind::end},
};
constexpr std::array kSpecialCharacters{
    SpecialKey{'\r', TopKey::Kind::enter},         SpecialKey{'\n', TopKey::Kind::enter},
    SpecialKey{'\b', TopKey::Kind::backspace},     SpecialKey{0x7F, TopKey::Kind::backspace},
    SpecialKey{kEscapeByte, TopKey::Kind::escape},
};

template <class Keys>
std::optional<TopKey> special_key(const Keys& keys, wint_t code) {
  for (const SpecialKey& key : keys) {
    if (static_cast<wint_t>(key.code) == code) return TopKey{key.kind, {}};
  }
  return std::nullopt;
}

std::string multibyte(wint_t character) {
  std::array<char, 16> bytes{};
  std::mbstate_t state{};
  const std::size_t count = std::wcrtomb(bytes.data(), static_cast<wchar_t>(character), &state);
  return count == static_cast<std::size_t>(-1) ? std::string() : std::string(bytes.data(), count);
}

sigset_t signals_of_screen() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH}) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

Screen::Screen(bool colour) : colour_(colour) {
  const char* terminal = std::getenv("TERM");
  const std::string name = terminal == nullptr ? "" : terminal;
  if (!can_be_drawn_on(name)) {
    throw Error(Errc::system, "TERM",
                name.empty() ? "is not set: which terminal is this?"
                             : fmt::format("'{}' is no terminal that can be drawn on", clean_text(name)),
                "set TERM, for example to xterm; or: slickq watch");
  }
  use_tioctl(TRUE);  // a shell that exports LINES and COLUMNS must not fix the size for good
  screen_ = newterm(name.c_str(), stdout, stdin);
  if (screen_ == nullptr) throw Error(Errc::system, "terminal", "cannot be prepared", "slickq watch needs no screen");
  // Only while it waits: a signal between a look at the flag and the wait must not be missed.
  catch_interrupts({SIGHUP, SIGQUIT});
  const sigset_t signals = signals_of_screen();
  pthread_sigmask(SIG_BLOCK, &signals, &mask_);
  set_escdelay(kEscapeDelayMs);
  cbreak();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  curs_set(0);
  if (colour_) begin_colour();
}

Screen::~Screen() {
  curs_set(1);
  endwin();
  delscreen(static_cast<SCREEN*>(screen_));
  pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
}

void Screen::begin_colour() {
  if (!has_colors() || start_color() != OK || use_default_colors() != OK) {
    colour_ = false;
    return;
  }
  init_pair(kNoticePair, COLOR_YELLOW, -1);
  init_pair(kAlarmPair, COLOR_RED, -1);
}

Charset Screen::charset() noexcept {
  std::setlocale(LC_CTYPE, "");
  return std::string_view(nl_langinfo(CODESET)) == "UTF-8" ? Charset::utf8 : Charset::ascii;
}

std::size_t Screen::width() const noexcept { return static_cast<std::size_t>(std::max(1, getmaxx(stdscr))); }
std::size_t Screen::height() const noexcept { return static_cast<std::size_t>(std::max(1, getmaxy(stdscr))); }

void Screen::draw(const std::vector<TopLine>& lines) {
  const auto attributes = [&](TopSpan::Look look) -> attr_t {
    switch (look) {
      case TopSpan::Look::plain: return A_NORMAL;
      case TopSpan::Look::bold: return A_BOLD;
      case TopSpan::Look::heading: return A_REVERSE;
      case TopSpan::Look::notice: return colour_ ? static_cast<attr_t>(COLOR_PAIR(kNoticePair)) : A_NORMAL;
      case TopSpan::Look::alarm: return colour_ ? static_cast<attr_t>(COLOR_PAIR(kAlarmPair)) : A_BOLD;
    }
    return A_NORMAL;
  };
  erase();
  for (std::size_t y = 0; y < lines.size() && y < height(); ++y) {
    move(static_cast<int>(y), 0);
    for (const TopSpan& span : lines[y]) {
      attrset(static_cast<int>(attributes(span.look)));
      addstr(span.text.c_str());
    }
  }
  attrset(A_NORMAL);
  refresh();
}

Screen::Wake Screen::wait(std::chrono::nanoseconds time) {
  using std::chrono::seconds;
  const auto whole = std::chrono::duration_cast<seconds>(time);
  const timespec limit{whole.count(), (time - whole).count()};
  pollfd input{STDIN_FILENO, POLLIN, 0};
  const int ready = ppoll(&input, 1, &limit, &mask_);
  if (ready < 0) return Wake::redraw;  // a signal: the caller looks at the flag, next_key() at the size
  if (ready == 0) return Wake::time;
  return (input.revents & (POLLHUP | POLLERR)) != 0 ? Wake::hangup : Wake::key;
}

std::optional<TopKey> Screen::next_key() {
  for (;;) {
    wint_t code = 0;
    const int what = get_wch(&code);
    if (what == ERR) return std::nullopt;
    if (what == KEY_CODE_YES) {
      if (const auto key = special_key(kSpecialKeys, code)) return key;
      continue;  // KEY_RESIZE among others: the next draw() has the new size
    }
    if (const auto key = special_key(kSpecialCharacters, code)) return key;
    return TopKey{TopKey::Kind::text, multibyte(code)};
  }
}

}  // namespace slickq::cli
