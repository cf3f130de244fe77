#include <doctest/doctest.h>
#include <sys/sysmacros.h>

#include <random>
#include <string>

#include "linux/proc_lines.hpp"
#include "support/seed.hpp"

using slickq::FileId;
using slickq::parse_locks_line;
using slickq::parse_maps_line;
using slickq::unescape_path;

namespace {

constexpr const char* kShared = "7f3c1a200000-7f3c1a300000 rw-s 00000000 00:1a 123456                     /dev/shm/q";

}  // namespace

TEST_CASE("a shared writable mapping gives device, inode, access and path") {
  const auto line = parse_maps_line(kShared);
  REQUIRE(line);
  CHECK(line->file == FileId{makedev(0, 0x1a), 123456});
  CHECK(line->path == "/dev/shm/q");
  CHECK(line->writes);
  CHECK_FALSE(line->deleted);
}

TEST_CASE("major and minor are hexadecimal, and large ones stay apart") {
  const auto line = parse_maps_line("1-2 r--s 0 103:a1b2c 1 /x");
  REQUIRE(line);
  CHECK(line->file.device == makedev(0x103, 0xa1b2c));
}

TEST_CASE("only a shared and writable mapping writes to the file") {
  const struct {
    const char* permissions;
    bool writes;
  } rows[] = {{"rw-s", true}, {"-w-s", true}, {"r--s", false}, {"rw-p", false}, {"r-xp", false}, {"---p", false}};
  for (const auto& row : rows) {
    CAPTURE(row.permissions);
    const auto line = parse_maps_line("1000-2000 " + std::string(row.permissions) + " 00000000 00:1a 7  /dev/shm/q");
    REQUIRE(line);
    CHECK(line->writes == row.writes);
  }
}

TEST_CASE("a removed file's mapping is marked deleted and its path has no suffix") {
  const std::string text = std::string(kShared) + " (deleted)";
  const auto line = parse_maps_line(text);
  REQUIRE(line);
  CHECK(line->deleted);
  CHECK(line->path == "/dev/shm/q");
}

TEST_CASE("spaces inside and at the end of a path are kept") {
  const auto line = parse_maps_line("1000-2000 rw-s 00000000 00:1a 7                          /dev/shm/a b  c ");
  REQUIRE(line);
  CHECK(line->path == "/dev/shm/a b  c ");
}

TEST_CASE("an escaped newline becomes one, and nothing else is touched") {
  CHECK(unescape_path("/dev/shm/a\\012b") == "/dev/shm/a\nb");
  CHECK(unescape_path("\\012\\012") == "\n\n");
  CHECK(unescape_path("/a\\01") == "/a\\01");
  CHECK(unescape_path("/a\\013\\\\012") == "/a\\013\\\n");
  CHECK(unescape_path("") == "");
}

TEST_CASE("mappings of no file are not lines of interest") {
  const char* rows[] = {"7ffd1000-7ffd2000 rw-p 00000000 00:00 0                          [stack]",
                        "7f001000-7f002000 rw-p 00000000 00:00 0 ", "7f001000-7f002000 rw-p 00000000 00:00 0",
                        "7f001000-7f002000 rw-s 00000000 00:0e 1041                       anon_inode:[io_uring]",
                        "7f001000-7f002000 rw-s 00000000 00:1a 12                         "};
  for (const char* row : rows) {
    CAPTURE(row);
    CHECK_FALSE(parse_maps_line(row));
  }
}

TEST_CASE("garbage is no line, at whatever byte a good line is cut or changed") {
  CHECK_FALSE(parse_maps_line(""));
  CHECK_FALSE(parse_maps_line(" "));
  CHECK_FALSE(parse_maps_line("1000-2000"));
  CHECK_FALSE(parse_maps_line("1000-2000 rw-s 0 00:1a -7 /q"));
  CHECK_FALSE(parse_maps_line("1000 2000 rw-s 0 00:1a 7 /q"));
  CHECK_FALSE(parse_maps_line("1000-2000 rw-s 0 001a 7 /q"));
  CHECK_FALSE(parse_maps_line("1000-2000 rw-s 0 00:1a 99999999999999999999999 /q"));
  const std::string good = kShared;
  const std::size_t path = good.find('/');
  for (std::size_t cut = 0; cut <= path; ++cut) CHECK_FALSE(parse_maps_line(good.substr(0, cut)));
  std::mt19937_64 random(test_support::seed());
  for (int round = 0; round < 20000; ++round) {
    std::string line = good;
    for (int changes = 0; changes < 3; ++changes) line[random() % line.size()] = static_cast<char>(random());
    const auto parsed = parse_maps_line(line);
    if (parsed) CHECK(parsed->path.size() <= line.size());
  }
}

TEST_CASE("a path of a megabyte is read whole") {
  const std::string path = "/" + std::string(1 << 20, 'x');
  const std::string text = "1000-2000 rw-s 00000000 00:1a 7    " + path + " (deleted)";
  const auto line = parse_maps_line(text);
  REQUIRE(line);
  CHECK(line->path == path);
  CHECK(line->deleted);
}

TEST_CASE("the largest inode there can be is read exactly") {
  const auto line = parse_maps_line("0-ffffffffffffffff rw-s ffffffffffff 00:1a 18446744073709551615 /q");
  REQUIRE(line);
  CHECK(line->file.inode == ~std::uint64_t{0});
}

TEST_CASE("a held shared flock names process and file") {
  const auto line = parse_locks_line("12: FLOCK  ADVISORY  READ  4711 00:1a:123456 0 EOF");
  REQUIRE(line);
  CHECK(line->pid == 4711);
  CHECK(line->file == FileId{makedev(0, 0x1a), 123456});
}

TEST_CASE("waiting, exclusive and other locks, and garbage, name nobody") {
  const char* rows[] = {"12: -> FLOCK  ADVISORY  READ  4711 00:1a:123456 0 EOF",
                        "12: FLOCK  ADVISORY  WRITE 4711 00:1a:123456 0 EOF",
                        "12: POSIX  ADVISORY  READ  4711 00:1a:123456 0 EOF",
                        "12: OFDLCK ADVISORY  READ  -1 00:1a:123456 0 EOF",
                        "12: LEASE  ACTIVE    WRITE 4711 00:1a:123456 0 EOF",
                        "12: FLOCK  ADVISORY  READ  0 00:1a:123456 0 EOF",
                        "12: FLOCK  ADVISORY  READ  4711 <none>:0 0 EOF",
                        "12: FLOCK  ADVISORY  READ  4711",
                        "12: FLOCK",
                        "FLOCK",
                        ""};
  for (const char* row : rows) {
    CAPTURE(row);
    CHECK_FALSE(parse_locks_line(row));
  }
}
