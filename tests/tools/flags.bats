# Every flag of every verb changes something.
load common

@test "each flag that --help offers makes a difference" {
  try python3 "$BATS_TEST_DIRNAME/check_flags.py"
  echo "$output" "$stderr" >&2
  expect_status 0
}
