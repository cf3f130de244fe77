# bench_micro: that every operation it times did what it should. Never how fast.
load ../tools/common

micro() { "$BENCH_DIR/bench_micro" "$@"; }

@test "every operation works, and leaves nothing" {
  try micro --benchmark_min_time=0.0001 --benchmark_format=json
  expect_status 0
  expect "$(json '[b["name"] for b in d["benchmarks"] if b.get("error_occurred") or b["iterations"] < 1]' \
    <<<"$output")" "[]"
  names=$(json '" ".join(b["name"] for b in d["benchmarks"])' <<<"$output")
  for name in push/64 push_single/64 push_batch16/64 burst16/64 reserve_and_publish/64 pop_into_buffer/64 pop_staged/64 \
      pop_batch16/64 peek_and_advance/64 poll_empty c_push/64 c_push_batch16/64 c_reserve_and_publish/64 c_pop/64 \
      c_pop_batch16/64 c_peek_and_commit/64 open_and_close create_and_unlink view_scan view_inspect; do
    expect_match " $names " "* $name *"
  done
  expect "$(ls -A "$SLICKQ_SHM_DIR")" ""
}

@test "an operation that did something else fails the program" {
  try micro --faulty
  expect_status 1
  expect_match "$output" "*wrong on purpose*"
}

@test "a directory that is not there is told" {
  SLICKQ_SHM_DIR=/no/such/folder try micro --benchmark_filter=poll_empty
  expect_status 1
  expect_match "$stderr" "*bench_micro: *"
}

@test "Ctrl-C leaves no queue, not even one that is opened by its name" {
  "$BENCH_DIR/bench_micro" --benchmark_filter='open_and_close$' --benchmark_min_time=600 >/dev/null 2>&1 3>&- &
  pid=$!
  pids+=("$pid")
  until [ -n "$(ls -A "$SLICKQ_SHM_DIR")" ]; do kill -0 "$pid"; sleep 0.02; done
  kill -INT "$pid"
  status=0; wait "$pid" || status=$?
  expect "$status" 130
  expect "$(ls -A "$SLICKQ_SHM_DIR")" ""
}
