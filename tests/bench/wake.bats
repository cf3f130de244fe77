# bench_wake: that it measures a consumer that sleeps. Never how soon it wakes.
load ../tools/common

@test "every message comes to the sleeper, and it does sleep" {
  try "$BENCH_DIR/bench_wake" --messages 20 --idle 200
  expect_status 0
  expect "$(json 'd["schema"], d["wake_ns"]["slickq"]["messages"], d["wake_ns"]["original"]["messages"]' <<<"$output")" \
    "('slickq.bench_wake/1', 20, 20)"
  expect "$(json 'all(0 < w["p50"] <= w["p90"] <= w["p99"] <= w["max"] for w in d["wake_ns"].values())' <<<"$output")" True
  # Spinning would cost all of a core and not be a sleep once.
  expect "$(json 'd["idle"]["seconds"], 0 <= d["idle"]["cpu_share"] < 0.5, d["idle"]["sleeps_per_s"] > 1' <<<"$output")" \
    "(0.2, True, True)"
  expect "$(ls -A "$SLICKQ_SHM_DIR")" ""
}

@test "what cannot be run is told" {
  try "$BENCH_DIR/bench_wake" --messages 0
  [ "$status" -ne 0 ]
  SLICKQ_SHM_DIR=/no/such/folder try "$BENCH_DIR/bench_wake" --messages 1 --idle 1
  expect_status 1
  expect_match "$stderr" "bench_wake: *"
}
