// metrics.textfile: the metrics in a file, for node_exporter's textfile collector, made anew after each round.
//
// Thread safety: none.
// Who reads the file sees one round, whole: it is written beside it, as FILE.tmp, and renamed. No fsync: after a crash
// of the machine the file is as worthless as what it tells of. Crash: killed at any moment, the file of the last round
// stays, and perhaps a FILE.tmp, which the next write replaces; the reader knows the file's age (node_exporter:
// node_textfile_mtime_seconds).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slickqd {

class Textfile {
 public:
  /// Where to write from now on; the file of before is removed when it is another one.
  void move_to(const std::optional<std::string>& path);
  /// Mode 0644, whatever the umask. Returns why it could not be done, empty when it was; the file of an earlier round
  /// is removed then, as far as possible: old numbers must not pass for new ones.
  std::string write(std::string_view text);
  /// Takes away what was written.
  void remove();

  const std::optional<std::string>& path() const noexcept { return path_; }

 private:
  int replace(std::string_view text) const;

  std::optional<std::string> path_;
  bool written_ = false;  // the file is ours
};

}  // namespace slickqd
