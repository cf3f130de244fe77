# operators.py: that it measures what it says, and leaves nothing. Never how much.
load ../tools/common

setup_file() { BENCH_SOURCE_DIR=$BATS_TEST_DIRNAME; export BENCH_SOURCE_DIR; }

@test "inspect, list and slickqd are measured, and the queues and the daemon are gone afterwards" {
  try python3 "$BENCH_SOURCE_DIR/operators.py" "$SLICKQ_BIN_DIR" --queues 30 --seconds 2 --runs 2 \
    --slots 1024 --rate 10000 --files 50 --processes 20
  expect_status 0
  expect "$(json 'd["schema"], d["queues"]' <<<"$output")" "('slickq.operators/1', 30)"
  expect "$(json '[k for k in ("inspect", "list") if not (d[k]["ms"] > 0 and d[k]["kib"] > 100)]' <<<"$output")" "[]"
  expect "$(json 'd["daemon"]["kib"] > 100, 0 <= d["daemon"]["cpu_share"] < 1' <<<"$output")" "(True, True)"
  expect "$(json 'd["crowd"]["files"], d["crowd"]["processes"]' <<<"$output")" "(50, 20)"
  expect "$(json 'd["crowd"]["first_round_ms"] > 0, d["crowd"]["round_ms"]["max"] > 0' <<<"$output")" "(True, True)"
  expect "$(json 'd["crowd"]["holders"], d["crowd"]["listed_as_held"]' <<<"$output")" "(2, 2)"
  expect "$(json 'd["crowd"]["all_listed_s"] > 0, d["crowd"]["dry_run_ms"] > 0' <<<"$output")" "(True, True)"
  expect "$(json 'd["fast"]["slots"], d["fast"]["messages_per_s"] > 0, 0 <= d["fast"]["cpu_share"] < 1' <<<"$output")" \
    "(1024, True, True)"
  expect "$(ls -d /dev/shm/slickq-operators-* 2>/dev/null | wc -l)" 0
}

@test "programs that are not there, or fail, are told" {
  mkdir "$BATS_TEST_TMPDIR/bin"
  ln -s "$SLICKQ_BIN_DIR/slickqd" "$BATS_TEST_TMPDIR/bin/slickqd"
  printf '#!/bin/sh\nexit 7\n' >"$BATS_TEST_TMPDIR/bin/slickq"
  chmod +x "$BATS_TEST_TMPDIR/bin/slickq"
  try python3 "$BENCH_SOURCE_DIR/operators.py" "$BATS_TEST_TMPDIR/bin" --queues 2 --seconds 0 --runs 1
  expect_status 1
  expect_match "$stderr" "operators: *inspect q0*failed: 7"
  expect "$(ls -d /dev/shm/slickq-operators-* 2>/dev/null | wc -l)" 0
}
