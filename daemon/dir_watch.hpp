// Tells at once when a name in a directory comes or goes, by inotify.
//
// Thread safety: everything runs on the io_context's one thread.
// A hint, no account: what happened is found out by a look at the directory. When the kernel's queue of changes ran
// over it is told like a change; where there is no inotify (its limits are reached, the directory is gone) nothing is
// told, and the periodic rounds are all there is.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace slickqd {

class DirWatch {
 public:
  using Wanted = std::function<bool(std::string_view name)>;

  /// `changed` is called once for however many changes are there to be read, when one of them is of a wanted name.
  DirWatch(boost::asio::io_context& io, std::string dir, Wanted wanted, std::function<void()> changed);

  /// Begins to watch when it does not, or when the path leads to another directory by now; costs a stat() else. Returns
  /// why it cannot, empty when it does.
  std::string watch();
  void stop();

 private:
  using Directory = std::pair<std::uint64_t, std::uint64_t>;  // device, inode

  std::string begin(Directory directory);
  void wait();
  bool read_changes();
  bool matters(const char* events, std::size_t bytes);

  std::string dir_;
  Wanted wanted_;
  std::function<void()> changed_;
  boost::asio::posix::stream_descriptor inotify_;
  Directory watched_{};
};

}  // namespace slickqd
