// The real slickqd as a child process, and a client of its socket.
#pragma once

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/shm_dir.hpp"

namespace daemon_test {

inline std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Until `done()`, looked at again and again; false when it never was. The limit only ends a failed test.
template <class Done>
bool eventually(Done done) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!done()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

class UnixClient {
 public:
  explicit UnixClient(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    const timeval patience{60, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  UnixClient(UnixClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_) {}
  UnixClient(const UnixClient&) = delete;
  UnixClient& operator=(const UnixClient&) = delete;
  ~UnixClient() {
    if (fd_ >= 0) close(fd_);
  }

  bool connected() const { return connected_; }
  bool send_text(const std::string& text) const {
    return send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  /// Everything until the other end closes.
  std::string receive_all() const {
    std::string text;
    char buffer[8192];
    for (ssize_t got; (got = recv(fd_, buffer, sizeof buffer, 0)) > 0;)
      text.append(buffer, static_cast<std::size_t>(got));
    return text;
  }

 private:
  int fd_;
  bool connected_ = false;
};

struct HttpAnswer {
  int status = 0;
  std::string body;
  nlohmann::json json() const { return nlohmann::json::parse(body); }
};

inline HttpAnswer http(const std::string& socket_path, const std::string& method, const std::string& target) {
  const UnixClient client(socket_path);
  if (!client.connected()) return {};
  client.send_text(method + " " + target + " HTTP/1.1\r\nHost: slickqd\r\nContent-Length: 0\r\n\r\n");
  const std::string text = client.receive_all();
  HttpAnswer answer;
  if (text.size() > 12) answer.status = std::stoi(text.substr(9, 3));
  const auto body = text.find("\r\n\r\n");
  if (body != std::string::npos) answer.body = text.substr(body + 4);
  return answer;
}

class Daemon {
 public:
  /// Starts slickqd with `arguments`; `log` takes what it prints. `prepare` is called in the child before.
  Daemon(const std::vector<std::string>& arguments, std::string log, const std::vector<std::string>& environment = {},
         const std::function<void()>& prepare = {})
      : log_(std::move(log)) {
    const std::string binary = SLICKQ_BIN_DIR "/slickqd";
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ > 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    for (const std::string& variable : environment) putenv(const_cast<char*>(variable.c_str()));
    std::vector<char*> argv{const_cast<char*>(binary.c_str())};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    if (prepare) prepare();
    execv(binary.c_str(), argv.data());
    _exit(127);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      wait();
    }
  }

  pid_t pid() const { return pid_; }
  void signal(int number) const { kill(pid_, number); }
  /// Exit status, 128 + signal when killed by one.
  int wait() {
    int status = 0;
    if (waitpid(std::exchange(pid_, -1), &status, 0) < 0) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string log() const { return read_file(log_); }

 private:
  std::string log_;
  pid_t pid_ = -1;
};

/// A shm directory, a runtime directory and a config for one daemon.
class Place {
 public:
  explicit Place(const std::string& queues = "[]", const std::string& rest = "") { configure(queues, rest); }

  void configure(const std::string& queues, const std::string& rest = "") const {
    std::ofstream(config) << "{\n\"shm_dir\": \"" << shm.path() << "\",\n\"control\": {\"socket\": \"" << socket
                          << "\"},\n\"monitor\": {\"interval\": \"20ms\"},\n\"queues\": " << queues
                          << (rest.empty() ? "" : ",\n" + rest) << "\n}\n";
  }
  std::vector<std::string> arguments() const { return {"--config", config}; }
  std::string log() const { return run.file("log"); }
  bool wait_until_up() const {
    return eventually([&] { return http(socket, "GET", "/healthz").status == 200; });
  }
  nlohmann::json status() const { return http(socket, "GET", "/v1/status").json(); }
  std::string happened() const { return http(socket, "GET", "/v1/events").body; }

  test_support::ShmDir shm;
  test_support::ShmDir run;
  std::string socket = run.file("slickqd.sock");
  std::string config = run.file("slickqd.json");
};

}  // namespace daemon_test
