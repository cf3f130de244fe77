# Segments written by the original releases: recognised, dumped item by item, verified.
load common

@test "every golden segment is recognised, its items are dumped, its holes listed" {
  try python3 "$BATS_TEST_DIRNAME/check_golden.py" "$GOLDEN_DIR"
  echo "$output" "$stderr" >&2
  expect_status 0
  expect_match "${lines[-1]}" "checked [1-9]* segments"
}
