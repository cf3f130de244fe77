// Who may do what with a segment: the owner, a member of its group, anybody else and root; each mode; each way to open,
// read, write and remove it. What is refused is refused as that, and changes nothing.
#include <doctest/doctest.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "segment_life.hpp"
#include "slickq/consumer.hpp"
#include "slickq/inspect.hpp"
#include "slickq/producer.hpp"

using slickq::Access;
using slickq::Errc;
using slickq::Queue;
using test_support::ShmDir;

namespace {

constexpr uid_t kOwner = 60001;
constexpr gid_t kGroup = 60010;

struct User {
  const char* name;
  uid_t uid;
  gid_t group;
};
constexpr User kUsers[] = {
    {"owner", kOwner, 60001}, {"member", 60002, kGroup}, {"other", 60003, 60003}, {"root", 0, 0}};

// In a child: nothing of the test framework.
void require(bool true_that) {
  if (!true_that) throw std::logic_error("not as it should be");
}

// Throws what the user is told.
using Attempt = void (*)(const std::string& dir);

void write_it(const std::string& dir) {
  Queue queue = Queue::open("q", dir, Access::read_write);
  slickq::Producer producer(queue);
  require(producer.push(std::vector<std::byte>(8)) == slickq::Push::pushed);
}
void read_it(const std::string& dir) {
  Queue queue = Queue::open("q", dir, Access::read_only);
  slickq::Consumer consumer(queue, {slickq::Start::At::oldest, 0});
  std::vector<std::byte> item(64);
  require(consumer.pop_into(item).what == slickq::Pop::item);
}
void look_at_it(const std::string& dir) {
  const slickq::View view = slickq::View::open_segment("q", dir);
  require(slickq::scan(view).reserved >= 1);
}
void remove_it(const std::string& dir) {
  slickq::RemoveOptions options;
  options.shm_dir = dir;
  if (!slickq::remove_segment("q", options).removed) throw slickq::Error(Errc::busy, "q", "in use");
}
void remove_by_force(const std::string& dir) {
  slickq::RemoveOptions options;
  options.shm_dir = dir;
  options.force = true;
  require(slickq::remove_segment("q", options).removed);
}
void make_another(const std::string& dir) {
  slickq::CreateOptions options;
  options.shm_dir = dir;
  Queue::create("q", slickq::Geometry::make(slickq::Layout::slq1, 8, 64), options);
}

enum class Told : std::uint8_t { done, refused, exists };

Told told_by(Attempt attempt, const std::string& dir) {
  try {
    attempt(dir);
    return Told::done;
  } catch (const slickq::Error& error) {
    require(!error.cause().empty());
    if (error.code() == Errc::exists) return Told::exists;
    require(error.code() == Errc::permission);
    return Told::refused;
  }
}

struct Row {
  mode_t mode;
  const char* what;
  Attempt attempt;
  std::array<Told, 4> by;  ///< as kUsers
};

constexpr Told kYes = Told::done;
constexpr Told kNo = Told::refused;
constexpr Told kIs = Told::exists;
constexpr Row kTable[] = {
    // mode                               owner member other root
    {0600, "write", write_it, {kYes, kNo, kNo, kYes}},
    {0600, "read", read_it, {kYes, kNo, kNo, kYes}},
    {0600, "look", look_at_it, {kYes, kNo, kNo, kYes}},
    {0640, "write", write_it, {kYes, kNo, kNo, kYes}},
    {0640, "read", read_it, {kYes, kYes, kNo, kYes}},
    {0640, "look", look_at_it, {kYes, kYes, kNo, kYes}},
    {0660, "write", write_it, {kYes, kYes, kNo, kYes}},
    {0660, "read", read_it, {kYes, kYes, kNo, kYes}},
    {0660, "look", look_at_it, {kYes, kYes, kNo, kYes}},
    {0644, "write", write_it, {kYes, kNo, kNo, kYes}},
    {0644, "read", read_it, {kYes, kYes, kYes, kYes}},
    {0644, "look", look_at_it, {kYes, kYes, kYes, kYes}},
    {0666, "write", write_it, {kYes, kYes, kYes, kYes}},
    {0666, "read", read_it, {kYes, kYes, kYes, kYes}},
    {0666, "look", look_at_it, {kYes, kYes, kYes, kYes}},
    // In a sticky directory, as /dev/shm is, no mode lets another than the owner and root remove it; and whoever has
    // the name first has it.
    {0600, "remove", remove_it, {kYes, kNo, kNo, kYes}},
    {0666, "remove", remove_it, {kYes, kNo, kNo, kYes}},
    {0600, "remove by force", remove_by_force, {kYes, kNo, kNo, kYes}},
    {0666, "remove by force", remove_by_force, {kYes, kNo, kNo, kYes}},
    {0600, "make another", make_another, {kIs, kIs, kIs, kIs}},
    {0666, "make another", make_another, {kIs, kIs, kIs, kIs}},
};

// The owner's, with one item, in a directory as /dev/shm is.
void make_it(const ShmDir& dir, mode_t mode) {
  slickq::CreateOptions options = test_support::creating(dir, mode);
  options.owner = kOwner;
  options.group = kGroup;
  Queue queue = Queue::create("q", slickq::Geometry::make(slickq::Layout::slq1, 8, 64), options);
  slickq::Producer producer(queue);
  REQUIRE(producer.push(std::vector<std::byte>(8)) == slickq::Push::pushed);
}

// Exit code: Told, or something above.
int as_user(const User& user, const std::string& dir, Attempt attempt) {
  test_support::Child child([&](test_support::ChildSide&) {
    const gid_t group = user.group;
    if (setgroups(1, &group) != 0 || setresgid(user.group, user.group, user.group) != 0) return 98;
    if (setresuid(user.uid, user.uid, user.uid) != 0) return 98;
    try {
      return static_cast<int>(told_by(attempt, dir));
    } catch (const std::exception& unexpected) {
      std::fprintf(stderr, "%s: %s\n", user.name, unexpected.what());
      return 97;
    }
  });
  return child.join();
}

struct FileState {
  std::uint64_t inode, size;
  mode_t mode;
  uid_t owner;
  bool operator==(const FileState&) const = default;
};
FileState state_of(const std::string& path) {
  struct stat facts {};
  REQUIRE(lstat(path.c_str(), &facts) == 0);
  return {facts.st_ino, static_cast<std::uint64_t>(facts.st_size), facts.st_mode, facts.st_uid};
}

}  // namespace

TEST_CASE("each user may do what the mode says, and nothing else") {
  if (geteuid() != 0) {
    MESSAGE("SKIPPED: only root can become each of the users");
    return;
  }
  int cells = 0;
  for (const Row& row : kTable) {
    for (std::size_t k = 0; k < std::size(kUsers); ++k) {
      CAPTURE(row.mode);
      CAPTURE(std::string(row.what));
      CAPTURE(std::string(kUsers[k].name));
      const ShmDir dir;
      REQUIRE(chmod(dir.path().c_str(), 01777) == 0);
      make_it(dir, row.mode);
      const FileState before = state_of(dir.file("q"));
      CHECK(as_user(kUsers[k], dir.path(), row.attempt) == static_cast<int>(row.by[k]));
      const bool removes = row.attempt == remove_it || row.attempt == remove_by_force;
      if (removes && row.by[k] == kYes) {
        CHECK(test_support::names_in(dir).empty());
      } else {
        CHECK(test_support::names_in(dir) == std::vector<std::string>{"q"});
        CHECK(state_of(dir.file("q")) == before);
      }
      ++cells;
    }
  }
  MESSAGE(cells << " cells");
}
