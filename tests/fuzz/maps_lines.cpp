// Lines of /proc/PID/maps and /proc/locks.
#include "linux/proc_lines.hpp"
#include "target.hpp"

namespace slickq::fuzz {

void run(std::span<const std::byte> input) {
  const std::string_view line = text_of(input);
  if (const auto mapping = parse_maps_line(line)) {
    require(mapping->file.inode != 0, "a mapping is of a file");
    require(mapping->path.empty() || (mapping->path.data() >= line.data() &&
                                      mapping->path.data() + mapping->path.size() <= line.data() + line.size()),
            "the path is a part of the line");
    require(unescape_path(mapping->path).size() <= mapping->path.size(), "a path does not grow by being read");
  }
  static_cast<void>(parse_locks_line(line));
}

}  // namespace slickq::fuzz
