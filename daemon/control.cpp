#include "control.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "exit_code.hpp"

namespace slickqd {
namespace {

namespace asio = boost::asio;

// As many as there are: the kernel says how much room they need when there is too little.
std::vector<gid_t> groups_of(int fd) {
  std::vector<gid_t> groups(64);
  for (;;) {
    auto length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const bool listed = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) == 0;
    const bool more = !listed && errno == ERANGE && length > groups.size() * sizeof(gid_t);
    groups.resize(listed || more ? length / sizeof(gid_t) : 0);
    if (!more) return groups;
  }
}

Peer peer_of(int fd) {
  Peer peer;
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return peer;  // nobody: may change nothing
  peer.uid = credentials.uid;
  peer.gid = credentials.gid;
  peer.groups = groups_of(fd);
  return peer;
}

}  // namespace

ControlServer::ControlServer(asio::io_context& io, const ControlConfig& config, Backend backend)
    : path_(config.socket), listener_(io, {.backend = std::move(backend)}, peer_of) {
  bind(config);
  listener_.start();
}

ControlServer::~ControlServer() { close(); }

void ControlServer::close() {
  if (listener_.acceptor().is_open()) unlink(path_.c_str());
  listener_.close();
}

void ControlServer::bind(const ControlConfig& config) {
  const auto fail = [&](const char* action, int error) {
    const bool denied = error == EACCES || error == EPERM;
    return Failure(denied ? ExitCode::no_permission : ExitCode::cannot_create,
                   fmt::format("control.socket {}: {}: {}", path_, action, std::strerror(error)));
  };
  auto& acceptor = listener_.acceptor();
  struct stat facts {};
  if (lstat(path_.c_str(), &facts) == 0) {
    if (!S_ISSOCK(facts.st_mode)) throw fail("is there already and is no socket", EEXIST);
    if (unlink(path_.c_str()) != 0) throw fail("cannot replace the old socket", errno);
  }
  boost::system::error_code error;
  acceptor.open(Protocol{}, error);
  if (error) throw fail("cannot open a socket", error.value());
  // Nobody may connect before mode and group are what the config wants.
  const mode_t before = umask(0177);
  acceptor.bind(Protocol::endpoint(path_), error);
  umask(before);
  if (error) throw fail("cannot bind", error.value());
  if (config.group && chown(path_.c_str(), static_cast<uid_t>(-1), *config.group) != 0) {
    throw fail("cannot give it to control.group", errno);
  }
  if (chmod(path_.c_str(), config.mode) != 0) throw fail("cannot set control.mode", errno);
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) throw fail("cannot listen", error.value());
}

}  // namespace slickqd
