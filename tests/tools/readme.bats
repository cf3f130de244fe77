# What the README shows is what the programs answer.
load common

@test "the README's commands answer as it says" {
  try python3 "$BATS_TEST_DIRNAME/check_readme.py" "$BATS_TEST_DIRNAME/../../README.md"
  echo "$output" "$stderr" >&2
  expect_status 0
}
