# What a person at a terminal waits for. Not under the sanitizers: they are slow, and nobody waits for them.
load common

@test "each one-shot verb takes under 5 ms where starting a program takes 1 ms" {
  try python3 "$BATS_TEST_DIRNAME/start_times.py"
  echo "$output" "$stderr" >&2
  expect_status 0
}
