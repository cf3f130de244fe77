# What a person at a terminal waits for. Not under the sanitizers: they are slow, and nobody waits for them.
load common

@test "inspect of a small queue takes under 5 ms where starting a program takes 1 ms" {
  try python3 "$BATS_TEST_DIRNAME/inspect_time.py"
  echo "$output" >&2
  expect_status 0
}
