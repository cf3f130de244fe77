# The same command on every layout, piped and on a terminal, as root and as an ordinary user.
load common

@test "each verb says and does the same everywhere" {
  try python3 "$BATS_TEST_DIRNAME/check_everywhere.py"
  echo "$output" "$stderr" >&2
  expect_status 0
}
