# scripts/run, the demo: it runs, it ends, it leaves nothing behind. Needs BUILD_DIR.

setup() {
  SLICKQ_SHM_DIR=$(mktemp -d "/dev/shm/slickq-test-$$-XXXXXX")
  export SLICKQ_SHM_DIR
  export XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR"  # away from a demo that somebody is watching
  run_script=("$BATS_TEST_DIRNAME/../../scripts/run" --build "$BUILD_DIR")
}

teardown() {
  [ -z "$demo" ] || kill -9 "$demo" 2>/dev/null || true
  rm -rf "$SLICKQ_SHM_DIR"
}

# No process has our queues any more, no file of ours is there.
nothing_left() {
  [ -z "$(ls -A "$SLICKQ_SHM_DIR")" ]
  [ ! -e "$XDG_RUNTIME_DIR/slickq-run" ]
  ! grep -lF "$SLICKQ_SHM_DIR" /proc/[0-9]*/maps 2>/dev/null
}

# In a group of its own with SIGINT as at a terminal, where Ctrl-C reaches all of the group.
start_demo() {
  setsid env --default-signal=INT "${run_script[@]}" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  demo=$!
  until grep -q '^ticks ' "$BATS_TEST_TMPDIR/out"; do sleep 0.05; done
}

@test "the unattended demo moves ticks, loses none and leaves nothing behind" {
  run "${run_script[@]}" --for 2s
  [ "$status" -eq 0 ]
  [[ "$output" =~ "demo_producer: ticks: pushed "[1-9] ]]
  [ "$(grep -c 'lost 0, out of order 0' <<<"$output")" -eq 3 ]
  nothing_left
}

@test "Ctrl-C ends the demo as the end of its time does" {
  start_demo
  kill -INT -- "-$demo"
  wait "$demo"
  [[ "$(cat "$BATS_TEST_TMPDIR/out")" =~ "demo_producer: ticks: pushed "[1-9] ]]
  nothing_left
}

@test "a second demo is refused and the first not disturbed" {
  start_demo
  run "${run_script[@]}" --for 1s
  [ "$status" -eq 1 ]
  [[ "$output" == *"another scripts/run of yours is running"* ]]
  kill -0 "$demo"
  kill -TERM "$demo"
  wait "$demo"
  nothing_left
}

@test "the demo fails, says who and cleans up when the daemon dies under it" {
  start_demo
  daemon=$(pgrep -f "slickqd --config $XDG_RUNTIME_DIR/slickq-run/slickqd.json")
  kill -KILL "$daemon"
  status=0
  wait "$demo" || status=$?
  [ "$status" -eq 1 ]
  grep -q 'run: slickqd ended by itself' "$BATS_TEST_TMPDIR/out"
  nothing_left
}

@test "a duration that is none is a usage error and nothing is started" {
  run "${run_script[@]}" --for tomorrow
  [ "$status" -eq 2 ]
  nothing_left
}
