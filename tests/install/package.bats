# The installed package, used as other projects use it: by CMake, by pkg-config, in C, and under the original's name.
# Needs BUILD_DIR, the build to install.

setup_file() {
  export PREFIX="$BATS_FILE_TMPDIR/prefix"
  # Moved after the installation: what is installed must not remember where it was put.
  cmake --install "$BUILD_DIR" --prefix "$BATS_FILE_TMPDIR/elsewhere" >"$BATS_FILE_TMPDIR/log" 2>&1
  mv "$BATS_FILE_TMPDIR/elsewhere" "$PREFIX"
  PKG_CONFIG_PATH=$(dirname "$(find "$PREFIX" -name slickq.pc)")
  export PKG_CONFIG_PATH
}

build_and_run() {  # PROJECT
  cmake -S "$BATS_TEST_DIRNAME/$1" -B "$BATS_TEST_TMPDIR/build" -G Ninja -DCMAKE_PREFIX_PATH="$PREFIX"
  cmake --build "$BATS_TEST_TMPDIR/build"
  run "$BATS_TEST_TMPDIR/build/$2"
}

@test "find_package(slickq) gives slickq::core" {
  build_and_run find_package uses_slickq
  [ "$status" -eq 0 ]
  [[ "$output" == "slickq 0."*": 42" ]]
}

@test "find_package(slick-queue) gives slick::queue and the drop-in header" {
  build_and_run find_slick_queue uses_slick_queue
  [ "$status" -eq 0 ]
  [ "$output" = "drop-in: 42" ]
}

@test "as a subdirectory it gives both targets, and builds no more than the library" {
  local project="$BATS_TEST_TMPDIR/project"
  mkdir "$project"
  cp "$BATS_TEST_DIRNAME/find_slick_queue/main.cpp" "$project/"
  cat >"$project/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.22)
project(outer LANGUAGES CXX)
add_subdirectory("$BATS_TEST_DIRNAME/../.." slickq)
add_executable(program main.cpp)
target_link_libraries(program PRIVATE slick::queue slickq::core)
END
  cmake -S "$project" -B "$BATS_TEST_TMPDIR/build" -G Ninja
  cmake --build "$BATS_TEST_TMPDIR/build"
  run "$BATS_TEST_TMPDIR/build/program"
  [ "$status" -eq 0 ]
  [ "$output" = "drop-in: 42" ]
  [ ! -e "$BATS_TEST_TMPDIR/build/bin/slickq" ]
}

# A C++ program; prints where it is.
compiled_by_pkg_config() {
  # shellcheck disable=SC2046  # the flags are words on purpose
  c++ -std=c++20 "$BATS_TEST_DIRNAME/find_package/main.cpp" -o "$BATS_TEST_TMPDIR/program" \
    $(pkg-config --cflags --libs slickq)
  echo "$BATS_TEST_TMPDIR/program"
}

@test "pkg-config gives the flags to compile and link" {
  run "$(compiled_by_pkg_config)"
  [ "$status" -eq 0 ]
  [[ "$output" == "slickq 0."*": 42" ]]
}

@test "pkg-config for C++ gives the archive, for a program of CMake's, too" {
  ! ldd "$(compiled_by_pkg_config)" | grep -q libslickq
  mkdir "$BATS_TEST_TMPDIR/project"
  cat >"$BATS_TEST_TMPDIR/project/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.22)
project(by_pkg_config LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 20)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SLICKQ REQUIRED IMPORTED_TARGET slickq)
add_executable(program "$BATS_TEST_DIRNAME/find_package/main.cpp")
target_link_libraries(program PRIVATE PkgConfig::SLICKQ)
END
  cmake -S "$BATS_TEST_TMPDIR/project" -B "$BATS_TEST_TMPDIR/build" -G Ninja
  cmake --build "$BATS_TEST_TMPDIR/build"
  run "$BATS_TEST_TMPDIR/build/program"
  [ "$status" -eq 0 ]
}

@test "pkg-config gives a C compiler the shared library" {
  # shellcheck disable=SC2046  # the flags are words on purpose
  cc -std=c99 -Wall -Wextra -Wpedantic -Werror "$BATS_TEST_DIRNAME/in_c/main.c" -o "$BATS_TEST_TMPDIR/program" \
    $(pkg-config --cflags --libs slickq-c)
  run env LD_LIBRARY_PATH="$(dirname "$PKG_CONFIG_PATH")" "$BATS_TEST_TMPDIR/program"
  [ "$status" -eq 0 ]
  [ "$output" = "slickq $(pkg-config --modversion slickq-c), interface 1: 42" ]
  readelf -d "$BATS_TEST_TMPDIR/program" | grep -q 'NEEDED.*\[libslickq.so.1\]'
  ! readelf -d "$BATS_TEST_TMPDIR/program" | grep -q 'NEEDED.*stdc++'
}

@test "find_package(slickq) gives a project in C slickq::c" {
  build_and_run in_c uses_slickq_in_c
  [ "$status" -eq 0 ]
  [[ "$output" == "slickq 0."*", interface 1: 42" ]]
}

@test "the shared library is there under its three names" {
  libraries=$(dirname "$PKG_CONFIG_PATH")
  [ "$(readlink "$libraries/libslickq.so")" = libslickq.so.1 ]
  [ "$(readlink "$libraries/libslickq.so.1")" = libslickq.so.1.0.0 ]
  [ -f "$libraries/libslickq.so.1.0.0" ] && [ ! -L "$libraries/libslickq.so.1.0.0" ]
}

@test "pkg-config and the header agree on the version" {
  version=$(pkg-config --modversion slickq)
  grep -qF "#define SLICKQ_VERSION \"$version\"" "$PREFIX/include/slickq/version.hpp"
}

@test "every public header compiles on its own" {
  cd "$PREFIX/include"
  for header in slickq/*.hpp slick/*; do
    echo "#include <$header>" | c++ -std=c++20 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I. -x c++ - ||
      { echo "$header"; return 1; }
  done
  echo '#include <slickq/slickq.h>' | cc -std=c99 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I. -x c -
}

@test "the installed programs run and tell their version" {
  run "$PREFIX/bin/slickq" --version
  [ "$status" -eq 0 ]
  [[ "$output" == *"$(pkg-config --modversion slickq)"* ]]
  run "$PREFIX/sbin/slickqd" --version
  [ "$status" -eq 0 ]
  [[ "$output" == *"$(pkg-config --modversion slickq)"* ]]
}

@test "nothing of the build or the tests is installed" {
  run find "$PREFIX" -type f ! -path '*/include/slickq/*' ! -path '*/include/slick/*' ! -path '*/cmake/slick*' \
    ! -name libslickq-core.a ! -name 'libslickq.so*' ! -name 'slickq*.pc' ! -path '*/bin/slickq' ! -path '*/sbin/slickqd' ! -path '*/man/man?/slickq*' \
    ! -path '*/bin/slickq-bridge' ! -path '*/systemd/system/slickq-bridge@.service' ! -path '*/sysusers.d/slickq-bridge.conf' \
    ! -path '*/systemd/system/slickqd.service' ! -path '*/sysusers.d/slickqd.conf' ! -path '*/doc/slickqd/examples/*' \
    ! -path '*/bash-completion/completions/slickq' ! -path '*/zsh/vendor-completions/_slickq' \
    ! -path '*/fish/vendor_completions.d/slickq.fish' ! -path '*/share/slickq/schema/slickq*.schema.json'
  [ "$output" = "" ]
}

@test "the unit names the programs where they were installed" {
  unit="$PREFIX/lib/systemd/system/slickqd.service"
  grep -q "^ExecStart=$BATS_FILE_TMPDIR/elsewhere/sbin/slickqd --config /etc/slickq/slickqd.json$" "$unit"
  grep -q "^ExecReload=$BATS_FILE_TMPDIR/elsewhere/bin/slickq daemon reload$" "$unit"
}
