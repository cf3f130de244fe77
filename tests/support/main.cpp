// Entry of every test executable: doctest, the seed, and a watchdog that ends a hanging test with a stack of its own.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>

#include "support/seed.hpp"
#include "support/shm_dir.hpp"

int main(int argc, char** argv) {
  alarm(600);  // SIGALRM kills: a test that hangs must fail, not block the run
  test_support::remove_abandoned_shm_dirs();
  doctest::Context context(argc, argv);
  std::printf("seed %llu (set SLICKQ_TEST_SEED to repeat)\n", static_cast<unsigned long long>(test_support::seed()));
  return context.run();
}
