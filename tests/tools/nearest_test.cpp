#include "nearest.hpp"

#include <doctest/doctest.h>

#include <vector>

using slickq::cli::did_you_mean;
using slickq::cli::edit_distance;
using slickq::cli::nearest;

TEST_CASE("an edit inserts, deletes, replaces or swaps neighbours") {
  CHECK(edit_distance("size", "size") == 0);
  CHECK(edit_distance("size", "sizes") == 1);
  CHECK(edit_distance("size", "sise") == 1);
  CHECK(edit_distance("list", "lsit") == 1);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("the nearest word is found, and nothing when all are far") {
  const std::vector<std::string> known{"create", "list", "inspect", "dump", "unlink"};
  CHECK(nearest("crate", known) == "create");
  CHECK(nearest("lsit", known) == "list");
  CHECK(nearest("insp", known) == "inspect");
  CHECK(nearest("frobnicate", known).empty());
  CHECK(nearest("", known).empty());
  CHECK(nearest("-Z", std::vector<std::string>{"-a"}).empty());
  CHECK(did_you_mean("dmup", known) == "did you mean dump?");
  CHECK(did_you_mean("zzz", known).empty());
}

TEST_CASE("the beginning of two words is not taken for the first of them") {
  const std::vector<std::string> known{"daemon", "database"};
  CHECK(nearest("da", known).empty());
}
