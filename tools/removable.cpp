#include "removable.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>

#include "holder_text.hpp"
#include "slickq/names.hpp"
#include "slickq/recognise.hpp"
#include "slickq/view.hpp"
#include "source.hpp"

namespace slickq::cli {

void require_removable(const std::string& name, const std::string& shm_dir, Removable what) {
  const std::string path = segment_path(shm_dir, name);
  const std::string remedy = fmt::format("remove it by hand if you are sure: rm {}", path);
  struct stat named {};
  const bool special = lstat(path.c_str(), &named) == 0 && !S_ISREG(named.st_mode) && !S_ISLNK(named.st_mode);
  if (special) View::open_segment(name, shm_dir);  // throws, in the words of the reading verbs
  // O_NONBLOCK: a FIFO must not make us wait for its writer.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno == ELOOP)
    throw Error(Errc::corrupt, segment_name(name), "is a symbolic link, not a queue", remedy);
  if (fd < 0 && errno == ENOENT) throw no_such_segment(name, path);
  if (fd < 0) throw system_failure(segment_name(name), "cannot open for reading", errno);
  struct stat facts {};
  std::optional<Recognition> found;
  if (fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode)) {
    found = recognise_file(fd, static_cast<std::uint64_t>(facts.st_size));
  }
  close(fd);
  if (!found) throw Error(Errc::corrupt, segment_name(name), "is not a regular file, so not a queue", remedy);
  if (found->verdict == Verdict::foreign) {
    throw Error(Errc::corrupt, segment_name(name), fmt::format("is not a queue: {}", found->problem), remedy);
  }
  if (found->verdict == Verdict::cursor && what == Removable::queue) {
    throw Error(Errc::corrupt, segment_name(name), "is a cursor, not a queue", "use another name");
  }
}

Error held_error(const std::string& name, const Holders& holders, std::string remedy) {
  const bool known = holders.held && holders.proof != Proof::none;
  const std::string cause =
      known ? fmt::format("held by {}", holders_text(holders)) : "may be in use, and we are not allowed to find out";
  return {Errc::busy, segment_name(name), cause, std::move(remedy)};
}

}  // namespace slickq::cli
