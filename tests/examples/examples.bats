# The sample programs do what their first lines say. Needs BUILD_DIR.

setup() {
  EXAMPLES=$BUILD_DIR/examples
  pids=()
  SLICKQ_SHM_DIR=$(mktemp -d "/dev/shm/slickq-test-$$-XXXXXX")
  export SLICKQ_SHM_DIR
}

teardown() {
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  rm -rf "$SLICKQ_SHM_DIR"
}

nothing_left() { [ -z "$(ls -A "$SLICKQ_SHM_DIR")" ]; }

# Waits as long as it takes; the test's own time limit ends one that waits in vain.
wait_until() {  # COMMAND...
  until "$@"; do sleep 0.05; done
}

cursor() { od -An -tu8 "$SLICKQ_SHM_DIR/ticks@team" | tr -d ' '; }
reserved() { echo $(($(od -An -tu8 -N8 "$SLICKQ_SHM_DIR/ticks") >> 16)); }
cursor_reached() { (($(cursor) >= $1)); }

@test "a local queue loses nothing and keeps each producer's order" {
  run "$EXAMPLES/local_queue"
  [ "$status" -eq 0 ]
  [ "$output" = "received 2000 readings, lost 0, each sensor in order: yes" ]
  nothing_left
}

@test "a consumer finds what a producer left behind under the name" {
  run "$EXAMPLES/producer_and_consumer" produce
  [ "$status" -eq 0 ]
  [ "$output" = "pushed 10 orders, the last at index 9" ]
  run "$EXAMPLES/producer_and_consumer" consume
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 10 ]
  [ "${lines[0]}" = "order 1: 10 ACME at 100.25" ]
  run "$EXAMPLES/producer_and_consumer" remove
  [ "$status" -eq 0 ]
  nothing_left
}

@test "own cursors see everything, a shared cursor shares it out" {
  run "$EXAMPLES/sharing"
  [ "$status" -eq 0 ]
  [ "$output" = "3 consumers with own cursors took 3000 items, 3 on one cursor took 1000" ]
  nothing_left
}

@test "a program of the original compiles and runs unchanged" {
  run "$EXAMPLES/drop_in"
  [ "$status" -eq 0 ]
  [ "$output" = "read 5 quotes, lost 0" ]
  nothing_left
}

@test "the demo's consumer receives all that its producer sends" {
  "$BUILD_DIR/bin/slickq" create --name ticks --size 65536 --elem 64
  "$BUILD_DIR/bin/slickq" cursor create ticks team
  "$EXAMPLES/demo_consumer" ticks team >"$SLICKQ_SHM_DIR/consumed" & pids+=($!)
  "$EXAMPLES/demo_producer" ticks 2000 >"$SLICKQ_SHM_DIR/produced" & pids+=($!)
  wait_until cursor_reached 500
  kill "${pids[1]}"
  wait "${pids[1]}"
  wait_until cursor_reached "$(reserved)"
  kill "${pids[0]}"
  wait "${pids[0]}"
  [ "$(cat "$SLICKQ_SHM_DIR/produced")" = "demo_producer: ticks: pushed $(reserved) ticks" ]
  [[ "$(cat "$SLICKQ_SHM_DIR/consumed")" == "demo_consumer: ticks: received $(reserved) ticks, lost 0, out of order 0, "* ]]
}

@test "a demo consumer refuses a queue whose elements hold no tick" {
  "$EXAMPLES/producer_and_consumer" produce
  run "$EXAMPLES/demo_consumer" example-orders
  [ "$status" -eq 1 ]
  [[ "$output" == *"32 bytes hold no ticks"* ]]
}

@test "the demo's programs say what is wrong with their arguments" {
  run "$EXAMPLES/demo_producer" q 0
  [ "$status" -eq 2 ]
  run "$EXAMPLES/demo_consumer" absent
  [ "$status" -eq 1 ]
  [[ "$output" == *absent* ]]
}
