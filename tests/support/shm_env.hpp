// A private shm directory that code which knows no directory parameter uses too (SLICKQ_SHM_DIR).
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "support/shm_dir.hpp"

namespace test_support {

class ShmEnv {
 public:
  ShmEnv() { setenv("SLICKQ_SHM_DIR", dir_.path().c_str(), 1); }
  ShmEnv(const ShmEnv&) = delete;
  ShmEnv& operator=(const ShmEnv&) = delete;
  ~ShmEnv() { unsetenv("SLICKQ_SHM_DIR"); }

  const ShmDir& dir() const { return dir_; }
  bool exists(const std::string& name) const { return std::filesystem::exists(dir_.file(name)); }

 private:
  ShmDir dir_;
};

}  // namespace test_support
