// What the kernel and its helpers allow, forbid, or remove behind everybody's back.
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <sstream>

#include "finding.hpp"
#include "slickq/catalog.hpp"
#include "slickq/error.hpp"

namespace slickq::cli {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kFirstRegularUser = 1000;

// systemd's rules: of drop-ins with the same name the one in /etc counts, all are read in the order of their names
// behind the main file, and the last word counts.
std::string logind_setting(const Machine& machine, const std::string& key) {
  std::map<std::string, std::string> dropins;
  for (const char* dir : {"/usr/lib", "/run", "/etc"}) {
    const std::string path = std::string(dir) + "/systemd/logind.conf.d";
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(machine.root + path, error)) {
      if (entry.path().extension() == ".conf")
        dropins[entry.path().filename()] = fmt::format("{}/{}", path, entry.path().filename().string());
    }
  }
  std::vector<std::string> files{"/etc/systemd/logind.conf"};
  for (const auto& [name, path] : dropins) files.push_back(path);
  std::string value;
  for (const std::string& file : files) {
    std::istringstream lines(machine.content(file));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(key + "=")) value = line.substr(key.size() + 1);
    }
  }
  return value;
}

bool is_no(const std::string& value) {
  return std::ranges::any_of(std::initializer_list<const char*>{"no", "false", "off", "0", "n", "f"},
                             [&](const char* no) { return value == no; });
}

std::vector<std::string> queues_of_regular_users(const std::string& shm_dir) {
  CatalogOptions options;
  options.shm_dir = shm_dir;
  options.holders = options.scan = false;
  std::vector<std::string> names;
  try {
    for (const Entry& entry : list_segments(options)) {
      if (entry.kind == EntryKind::queue && entry.file.owner >= kFirstRegularUser)
        names.push_back(fmt::format("{} (of {})", entry.name, entry.owner));
    }
  } catch (const Error&) {  // check_shm() tells of a directory that cannot be read
  }
  return names;
}

// logind removes the shared memory of a regular user at the last logout, in use or not.
void check_remove_ipc(const Machine& machine, Findings& findings) {
  if (!fs::exists(machine.root + "/run/systemd/seats")) return;  // no logind
  const std::string setting = logind_setting(machine, "RemoveIPC");
  if (is_no(setting)) {
    findings.push_back({"kernel.remove-ipc", Health::ok, "RemoveIPC=no: queues outlive a logout", ""});
    return;
  }
  const std::string how = setting.empty() ? "RemoveIPC=yes, the default" : "RemoveIPC=" + setting;
  std::vector<std::string> names = queues_of_regular_users(machine.shm_dir);
  const std::size_t all = names.size();
  if (all > 3) names.resize(3);
  findings.push_back({"kernel.remove-ipc", all == 0 ? Health::note : Health::warning,
                      all == 0
                          ? fmt::format("{}: queues of a user with uid 1000 or more go at the last logout", how)
                          : fmt::format("{}: these queues go when their owner logs out, in use or not: {}{}", how,
                                        fmt::join(names, ", "), all > 3 ? fmt::format(", and {} more", all - 3) : ""),
                      "RemoveIPC=no in /etc/systemd/logind.conf, or let a system user own them (slickqd)"});
}

void check_protected_regular(const Machine& machine, Findings& findings) {
  const std::string value = machine.first_line("/proc/sys/fs/protected_regular");
  if (value.empty()) return;
  if (value == "0") {
    findings.push_back({"kernel.protected-regular", Health::ok, "fs.protected_regular is 0", ""});
  } else {
    findings.push_back(
        {"kernel.protected-regular", Health::note,
         fmt::format("fs.protected_regular is {}: SlickQueue programs that create and open with one call "
                     "cannot open another user's queue in a directory like /dev/shm, not even as root",
                     value),
         "let them run as the queue's owner; slickq programs open first and are not concerned"});
  }
}

void check_proc(const Machine& machine, Findings& findings) {
  if (geteuid() == 0) return;
  std::istringstream mounts(machine.content("/proc/self/mounts"));
  bool hidden = false;
  for (std::string line; std::getline(mounts, line);) {
    hidden |= line.find(" /proc proc ") != std::string::npos && line.find("hidepid=") != std::string::npos &&
              line.find("hidepid=0") == std::string::npos && line.find("hidepid=off") == std::string::npos;
  }
  findings.push_back({"kernel.proc", Health::note,
                      hidden ? "/proc hides the processes of other users (hidepid)"
                             : "of other users' processes /proc does not tell what they have open",
                      "that somebody holds a queue is proven all the same; only root sees who"});
}

void check_version(Findings& findings) {
  struct utsname facts {};
  if (uname(&facts) != 0) return;
  int major = 0;
  int minor = 0;
  if (std::sscanf(facts.release, "%d.%d", &major, &minor) != 2) return;
  const bool collapses = major > 6 || (major == 6 && minor >= 1);
  findings.push_back({"kernel.version", collapses ? Health::ok : Health::note, fmt::format("Linux {}", facts.release),
                      collapses ? "" : "--huge has an effect from Linux 6.1 on"});
}

}  // namespace

void check_kernel(const Machine& machine, Findings& findings) {
  check_version(findings);
  check_remove_ipc(machine, findings);
  check_protected_regular(machine, findings);
  check_proc(machine, findings);
}

}  // namespace slickq::cli
