// Text in columns of a terminal: how many it takes, and cutting it to fit.
//
// Thread safety: pure functions.
// Contract: text is UTF-8, as names in a shm directory usually are; widths are those of common terminals (0 for what
// combines with the character before it, 2 for East Asian and most pictures). Give text that clean_text() made.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace slickq::cli {

enum class Charset : bool { ascii, utf8 };

/// `text` with each control character and each byte that is not UTF-8 replaced by '?'; for ascii also what is not
/// ASCII.
std::string clean_text(std::string_view text, Charset charset = Charset::utf8);

std::size_t text_width(std::string_view text);

/// At most `width` columns; what was cut off is told by a last '~'.
std::string clip_text(std::string_view text, std::size_t width);

/// Exactly `width` columns: cut, or filled with spaces on the other side.
std::string fit_text(std::string_view text, std::size_t width, bool to_the_right = false);

/// "999", "1.23K", "45.6M": at most five columns, powers of 1000.
std::string human_count(double count);

}  // namespace slickq::cli
