#include "logout_risk.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include "slickq/catalog.hpp"
#include "slickq/names.hpp"

namespace slickqd {
namespace {

constexpr uid_t kFirstRegular = 1000;  // systemd's SYSTEM_UID_MAX + 1, and Debian's FIRST_UID
constexpr uid_t kNobody = 65534;

}  // namespace

std::string lost_at_logout(const Config& config, const std::string& logind_dir) {
  struct stat facts {};
  if (stat(logind_dir.c_str(), &facts) != 0) return {};
  std::string names;
  for (const QueueConfig& queue : config.queues) {
    if (lstat(slickq::segment_path(config.shm_dir, queue.name).c_str(), &facts) != 0) continue;
    if (facts.st_uid < kFirstRegular || facts.st_uid == kNobody) continue;
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", queue.name, slickq::user_name(facts.st_uid));
  }
  if (names.empty()) return {};
  return "owned by regular users, whose shared memory logind removes when they log out, used or not: " + names +
         "; give the queues to a system user, or set RemoveIPC=no in /etc/systemd/logind.conf";
}

}  // namespace slickqd
