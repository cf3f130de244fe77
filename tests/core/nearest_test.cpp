#include "slickq/nearest.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using slickq::edit_distance;
using slickq::nearest;

TEST_CASE("an edit inserts, deletes, replaces or swaps neighbours") {
  CHECK(edit_distance("size", "size") == 0);
  CHECK(edit_distance("size", "sizes") == 1);
  CHECK(edit_distance("size", "sise") == 1);
  CHECK(edit_distance("list", "lsit") == 1);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("the nearest word is found, and nothing when all are far") {
  const std::vector<std::string_view> known{"create", "list", "inspect", "dump", "unlink"};
  CHECK(nearest("crate", known) == "create");
  CHECK(nearest("lsit", known) == "list");
  CHECK(nearest("insp", known) == "inspect");
  CHECK(nearest("dmup", known) == "dump");
  CHECK(nearest("frobnicate", known).empty());
  CHECK(nearest("zzz", known).empty());
  CHECK(nearest("", known).empty());
  CHECK(nearest("-Z", std::vector<std::string_view>{"-a"}).empty());
}

TEST_CASE("the beginning of two words is not taken for the first of them") {
  const std::vector<std::string_view> known{"daemon", "database"};
  CHECK(nearest("da", known).empty());
}

TEST_CASE("a word that goes on after a known one is taken for the longest of those") {
  const std::vector<std::string_view> known{"elem", "element", "el"};
  CHECK(nearest("element_size", known) == "element");
  CHECK(nearest("elx", std::vector<std::string_view>{"el"}) == "el");  // one edit, not a beginning: too short for that
  CHECK(nearest("elxyz", std::vector<std::string_view>{"el"}).empty());
}

TEST_CASE("a word longer than any name is near nothing") {
  const std::string longest(255, 'x');
  const std::string longer(256, 'x');
  const std::vector<std::string_view> known{longest};
  CHECK(nearest(std::string(254, 'x'), known) == longest);
  CHECK(nearest(longer, known).empty());
}
