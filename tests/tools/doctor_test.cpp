// slickq doctor on machines that are not this one: /proc, /sys, /etc and /run are a directory of the test.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "doctor/finding.hpp"
#include "slickq/queue.hpp"
#include "support/shm_dir.hpp"

using namespace slickq;
using namespace slickq::cli;

namespace {

struct Patient {
  test_support::ShmDir shm;
  test_support::ShmDir root;

  void file(const std::string& path, const std::string& text) const {
    const std::filesystem::path full = root.path() + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }
  std::optional<Finding> find(const std::string& check) const {
    const Findings findings = examine({shm.path(), root.path()});
    const auto found = std::ranges::find(findings, check, &Finding::check);
    return found == findings.end() ? std::nullopt : std::optional(*found);
  }
  Health health(const std::string& check) const {
    const auto finding = find(check);
    REQUIRE(finding);
    return finding->health;
  }
  void queue(const std::string& name, uid_t owner) const {
    CreateOptions options;
    options.shm_dir = shm.path();
    Queue::create(name, Geometry::make(Layout::slq1, 8, 8), options);
    REQUIRE(chown(shm.file(name).c_str(), owner, owner) == 0);
  }
};

}  // namespace

TEST_SUITE_BEGIN("doctor");

TEST_CASE("a directory that is a tmpfs, one that is none, one that is not there") {
  const Patient patient;
  CHECK(patient.health("shm.kind") == Health::ok);
  CHECK(patient.health("shm.space") <= Health::warning);
  CHECK(patient.health("shm.lease") == Health::ok);
  const auto first = [](const std::string& dir) { return examine({dir, ""}).front(); };
  CHECK(first("/proc").health == Health::warning);
  CHECK(first("/proc").evidence.starts_with("/proc is no tmpfs"));
  CHECK(first("/nowhere/at/all").health == Health::broken);
  CHECK(first("/nowhere/at/all").evidence == "/nowhere/at/all: No such file or directory");
}

TEST_CASE("it leaves nothing behind") {
  const Patient patient;
  examine({patient.shm.path(), patient.root.path()});
  CHECK(std::filesystem::is_empty(patient.shm.path()));
  CHECK(std::filesystem::is_empty(patient.root.path()));
}

TEST_CASE("leases that are switched off") {
  const Patient patient;
  patient.file("/proc/sys/fs/leases-enable", "0\n");
  CHECK(patient.health("shm.lease") == Health::warning);
  CHECK(patient.find("shm.lease")->evidence == "fs.leases-enable is 0");
}

TEST_CASE("RemoveIPC: only where logind runs, by the last word of its files, and whom it hits") {
  if (geteuid() != 0) return;  // giving files away takes root
  const Patient patient;
  patient.queue("of-root", 0);
  CHECK(!patient.find("kernel.remove-ipc"));
  std::filesystem::create_directories(patient.root.path() + "/run/systemd/seats");
  CHECK(patient.health("kernel.remove-ipc") == Health::note);
  patient.queue("of-somebody", 54321);
  CHECK(patient.health("kernel.remove-ipc") == Health::warning);
  CHECK(patient.find("kernel.remove-ipc")->evidence ==
        "RemoveIPC=yes, the default: these queues go when their owner logs out, in use or not: of-somebody (of 54321)");
  for (const char* name : {"b", "c", "d"}) patient.queue(name, 54322);
  const std::string listed = patient.find("kernel.remove-ipc")->evidence;
  CAPTURE(listed);
  CHECK(listed.ends_with("d (of 54322), and 1 more"));

  patient.file("/etc/systemd/logind.conf", "[Login]\n#RemoveIPC=yes\nRemoveIPC=no\n");
  CHECK(patient.health("kernel.remove-ipc") == Health::ok);
  patient.file("/usr/lib/systemd/logind.conf.d/50-vendor.conf", "[Login]\nRemoveIPC=yes\n");
  CHECK(patient.health("kernel.remove-ipc") == Health::warning);
  CHECK(patient.find("kernel.remove-ipc")->evidence.starts_with("RemoveIPC=yes: "));
  patient.file("/etc/systemd/logind.conf.d/50-vendor.conf", "");  // takes the vendor's place
  CHECK(patient.health("kernel.remove-ipc") == Health::ok);
}

TEST_CASE("what the kernel and the processor say") {
  struct Row {
    const char* path;
    const char* text;
    const char* check;
    Health health;
  };
  for (const Row& row : {
           Row{"/proc/sys/fs/protected_regular", "0\n", "kernel.protected-regular", Health::ok},
           Row{"/proc/sys/fs/protected_regular", "2\n", "kernel.protected-regular", Health::note},
           Row{"/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n", "cpu.clock", Health::ok},
           Row{"/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n", "cpu.clock",
               Health::warning},
           Row{"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n", "cpu.governor", Health::ok},
           Row{"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n", "cpu.governor", Health::note},
           Row{"/sys/kernel/mm/transparent_hugepage/shmem_enabled", "always within_size advise [never] deny force\n",
               "cpu.huge-pages", Health::ok},
           Row{"/sys/kernel/mm/transparent_hugepage/shmem_enabled", "always within_size advise never [deny] force\n",
               "cpu.huge-pages", Health::note},
           Row{"/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu hypervisor sse\n", "cpu.virtual", Health::note},
           Row{"/proc/swaps", "Filename Type\n/dev/sda2 partition\n", "limits.swap", Health::note},
       }) {
    CAPTURE(row.path);
    CAPTURE(row.text);
    const Patient patient;
    CHECK(!patient.find(row.check));  // what the machine does not tell is no finding
    patient.file(row.path, row.text);
    CHECK(patient.health(row.check) == row.health);
  }
  const Patient patient;
  patient.file("/proc/cpuinfo", "flags\t\t: fpu nohypervisor sse\n");
  CHECK(!patient.find("cpu.virtual"));
  patient.file("/proc/swaps", "Filename Type\n");
  CHECK(!patient.find("limits.swap"));
}

TEST_CASE("the memory of a control group") {
  const Patient patient;
  patient.file("/proc/self/cgroup", "0::/system.slice/feed.service\n");
  CHECK(!patient.find("limits.memory"));
  patient.file("/sys/fs/cgroup/system.slice/feed.service/memory.max", "max\n");
  CHECK(!patient.find("limits.memory"));
  patient.file("/sys/fs/cgroup/system.slice/feed.service/memory.max", "1073741824\n");
  CHECK(patient.find("limits.memory")->evidence ==
        "this control group may use 1.0G, the queues it touches first among it");
}

TEST_SUITE_END();
