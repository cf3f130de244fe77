// Runs a target once with each file that is named, and each file in each directory that is: the inputs that once broke
// something, and the seeds, in every build, where there is no libFuzzer.
// usage: replay_TARGET PATH...      exit code 1: no input at all
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "target.hpp"

namespace {

namespace fs = std::filesystem;

void replay(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::fprintf(stderr, "%s\n", path.c_str());  // the last one is the one that broke it
  slickq::fuzz::run(std::as_bytes(std::span(bytes)));
}

}  // namespace

int main(int argc, char** argv) {
  int played = 0;
  for (int k = 1; k < argc; ++k) {
    if (!fs::is_directory(argv[k])) {
      replay(argv[k]);
      ++played;
      continue;
    }
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(argv[k])) {
      if (!entry.is_regular_file()) continue;
      replay(entry.path());
      ++played;
    }
  }
  std::printf("%d inputs\n", played);
  return played == 0 ? 1 : 0;
}
