#include "micro.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string_view>

#include "slickq/names.hpp"

namespace slickq::micro {
namespace {

bool failed = false;
std::array<char, 4096> path_to_remove{};  // of the Named that there is; for the signal handler

bench::Plan plan_of(std::uint64_t element_bytes, std::uint64_t size) {
  bench::Plan plan;
  plan.elem = element_bytes;
  plan.size = size;
  plan.shm_dir = default_shm_dir();
  return plan;
}

void remove_and_end(int number) {
  if (path_to_remove.front() != '\0') unlink(path_to_remove.data());
  _exit(128 + number);
}

}  // namespace

bool has_failed() noexcept { return failed; }
void note_failure() noexcept { failed = true; }

Nameless::Nameless(std::uint64_t element_bytes, std::uint64_t size) : temporary_(plan_of(element_bytes, size)) {
  temporary_.lose_name();
}

Named::Named() : name_(fmt::format("slickq-bench-micro-{}", getpid())) {
  const std::string path = fmt::format("{}/{}", default_shm_dir(), name_);
  std::memcpy(path_to_remove.data(), path.c_str(), std::min(path.size() + 1, path_to_remove.size() - 1));
  for (const int number : {SIGINT, SIGTERM}) signal(number, remove_and_end);
}

Named::~Named() {
  unlink(path_to_remove.data());
  path_to_remove.front() = '\0';
  for (const int number : {SIGINT, SIGTERM}) signal(number, SIG_DFL);
}

std::vector<std::byte> message_of(std::size_t bytes) {
  std::vector<std::byte> message(bytes);
  for (std::size_t k = 0; k < bytes; ++k) message[k] = static_cast<std::byte>(k * 7 + 1);
  return message;
}

bool fill(Producer& producer, std::uint64_t count, std::size_t element_bytes) {
  const std::vector<std::byte> message = message_of(element_bytes);
  for (std::uint64_t k = 0; k < count; ++k) {
    if (producer.push(message) != Push::pushed) return false;
  }
  return true;
}

}  // namespace slickq::micro

namespace {

void faulty(benchmark::State& state) {
  for (auto _ : state) {
    if (!slickq::micro::require(state, false, "wrong on purpose")) break;
  }
}

}  // namespace

// --faulty: for the test that a failed check is seen in the exit code.
int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--faulty") {
    benchmark::RegisterBenchmark("faulty", faulty);
    static char only[] = "--benchmark_filter=^faulty$";
    argv[1] = only;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  try {
    benchmark::RunSpecifiedBenchmarks();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_micro: %s\n", error.what());
    return 1;
  }
  benchmark::Shutdown();
  return slickq::micro::has_failed() ? 1 : 0;
}
