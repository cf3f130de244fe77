// Programs and libraries of different ages: a struct that has grown since, and one that will. Each lies in memory that
// ends where it does, so that the address sanitizer sees who looks behind it.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "../../core/c/growing.hpp"
#include "slickq/error.hpp"

namespace {

// The library's: `second` was added to it.
struct Grown {
  std::size_t struct_size;
  std::uint64_t first;
  std::uint64_t second;
};

constexpr std::size_t kOld = 16;
constexpr std::size_t kNew = 32;

/// A program's struct with these numbers in it. (The compiler does not see which: it would warn.)
class Given {
 public:
  explicit Given(std::vector<std::uint64_t> words) : words_(std::move(words)) {
    words_.insert(words_.begin(), (words_.size() + 1) * sizeof words_[0]);
    words_.shrink_to_fit();
  }
  [[gnu::noipa]] Grown* get() { return reinterpret_cast<Grown*>(words_.data()); }
  std::uint64_t operator[](std::size_t k) const { return words_[k]; }

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace

template <>
inline constexpr std::size_t slickq::c::kFirstSize<Grown> = kOld;

namespace {

using slickq::c::give;
using slickq::c::kFirstSize;
using slickq::c::options_of;

TEST_CASE("options of a program that knows fewer members have their defaults") {
  Given old({7});
  REQUIRE(old.get()->struct_size == kOld);
  const Grown options = options_of("call", old.get());
  CHECK(options.first == 7);
  CHECK(options.second == 0);
}

TEST_CASE("options of a program of the same age, and of none, are as they are given") {
  Given same({7, 8});
  CHECK(options_of("call", same.get()).second == 8);
  CHECK(options_of<Grown>("call", nullptr).second == 0);
}

TEST_CASE("options that are not known yet have to be zero") {
  Given unused({7, 8, 0});
  REQUIRE(unused.get()->struct_size == kNew);
  CHECK(options_of("call", unused.get()).second == 8);
  Given used({7, 8, 9});
  CHECK_THROWS_AS(options_of("call", used.get()), slickq::Error);
}

TEST_CASE("facts are handed out as far as the program has room for them") {
  const Grown facts{0, 7, 8};
  Given old({1});
  give("call", facts, old.get());
  CHECK(old[0] == kOld);
  CHECK(old[1] == 7);
  Given later({1, 1, 1});
  give("call", facts, later.get());
  CHECK(later[0] == kNew);
  CHECK(later[1] == 7);
  CHECK(later[2] == 8);
  CHECK(later[3] == 0);
}

TEST_CASE("what is shorter than the first version is none") {
  Given none({});
  CHECK_THROWS_AS(options_of("call", none.get()), slickq::Error);
  CHECK_THROWS_AS(give("call", Grown{}, none.get()), slickq::Error);
}

// Never to be changed: programs with these sizes are out there.
static_assert(sizeof(void*) != 8 ||
              (kFirstSize<slickq_queue_options> == 56 && kFirstSize<slickq_open_options> == 24 &&
               kFirstSize<slickq_queue_info> == 80 && kFirstSize<slickq_unlink_options> == 32 &&
               kFirstSize<slickq_producer_options> == 48 && kFirstSize<slickq_producer_info> == 48 &&
               kFirstSize<slickq_consumer_options> == 40 && kFirstSize<slickq_consumer_info> == 32 &&
               kFirstSize<slickq_cursor_options> == 24 && kFirstSize<slickq_inspection> == 144));

}  // namespace
