# What every test of the command needs: a shm directory of its own, the binary on the PATH, exact comparisons.
# Needs SLICKQ_BIN_DIR, where slickq is built, and for start_stuck TEST_BIN_DIR.
bats_require_minimum_version 1.5.0
PATH="$SLICKQ_BIN_DIR:$PATH"

setup() {
  pids=()
  SLICKQ_SHM_DIR=$(mktemp -d "/dev/shm/slickq-test-$$-XXXXXX")
  export SLICKQ_SHM_DIR
}

teardown() {
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  rm -rf "$SLICKQ_SHM_DIR"
}

# COMMAND...: runs it, keeping $status, $output (stdout) and $stderr.
try() { run --separate-stderr "$@"; }

# Each prints both sides when they differ.
expect() {  # ACTUAL EXPECTED
  [ "$1" = "$2" ] || { printf 'expected: %s\n     got: %s\n' "$2" "$1" >&2; return 1; }
}
expect_status() { expect "$status" "$1" || { echo "stdout: $output" >&2; echo "stderr: $stderr" >&2; return 1; }; }
expect_match() {  # ACTUAL PATTERN
  [[ "$1" == $2 ]] || { printf 'expected: %s\n     got: %s\n' "$2" "$1" >&2; return 1; }
}
# STATUS PATTERN: it failed so, said so in at most two lines, and printed nothing else.
expect_error() {
  expect_status "$1"
  expect "$output" ""
  expect_match "$stderr" "$2"
}

# Waits as long as it takes; the test's own time limit ends one that waits in vain.
wait_until() { until "$@"; do sleep 0.02; done; }

# PID: does it have a handler for SIGINT? Before that the signal is lost on what a script started in the background.
catches_interrupts() { (($((0x$(awk '/^SigCgt/ { print $2 }' "/proc/$1/status"))) & 2)); }
# PID: has it begun its work, and waits now?
pauses() { catches_interrupts "$1" && [[ $(<"/proc/$1/stat") == *") S "* ]]; }

make_queue() { slickq create "$@" >/dev/null; }

# Python reads the JSON on standard input as `d` and prints the expression; several make a tuple.
json() { python3 -c 'import json,sys; d = json.load(sys.stdin); value = ('"$1"'); print(value)'; }

# QUEUE COUNT [unregistered|slow]: a producer that has reserved and never publishes; its pid is in $stuck.
start_stuck() {
  stuck_output=$BATS_TEST_TMPDIR/stuck
  : >"$stuck_output"
  "$TEST_BIN_DIR/stuck_producer" "$@" >"$stuck_output" &
  stuck=$!
  pids+=("$stuck")
  wait_until grep -q reserved "$stuck_output"
}
kill_stuck() {
  kill -9 "$stuck"
  wait "$stuck" || true
}
