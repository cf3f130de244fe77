# slickq check: a line and an exit code for monitoring.
load common

@test "a queue that is well is OK, with numbers" {
  make_queue q --size 8 --elem 8
  slickq push -q q -m a -m b
  try slickq check q
  expect_status 0
  expect "$output" "OK - q: at index 2 | reserved=2c"
}

@test "lag: warning and critical, in elements and in parts of the ring" {
  make_queue q --size 8 --elem 8
  slickq cursor create q c --at begin >/dev/null
  slickq push -q q -m a -m b -m c
  try slickq check q --max-lag 3,5
  expect_status 0
  expect "$output" "OK - q: at index 3 | reserved=3c 'lag_c'=3;3;5;0"
  try slickq check q --max-lag 2,5
  expect_status 1
  expect "$output" "WARNING - q: cursor c is 3 elements behind (37.5 % of the ring) | reserved=3c 'lag_c'=3;2;5;0"
  try slickq check q --max-lag 10%,20%
  expect_status 2
  expect_match "$output" "CRITICAL - q: cursor c is 3 elements behind*'lag_c'=3;1;2;0"
  try slickq check q --max-lag 2
  expect_status 2
  slickq cursor create q d --at end >/dev/null
  try slickq check q --max-lag 2,2 --cursor d
  expect_status 0
  try slickq check q --max-lag 2,2 --cursor d --cursor c
  expect_status 2
}

@test "a stall is critical when it lasts, and costs no time when there is none" {
  cp "$GOLDEN_DIR/cpp-1.4.0/hole.bin" "$SLICKQ_SHM_DIR/hole"
  try slickq check hole --max-stall 100ms
  expect_status 2
  expect_match "$output" "CRITICAL - hole: elements 2..2 are reserved and were not published for 100ms | * stalls=1;;0;0"
  make_queue q --size 8 --elem 8
  SECONDS=0
  try slickq check q --max-stall 60s
  expect_status 0
  [ "$SECONDS" -lt 10 ]
}

@test "a rate is measured" {
  make_queue q --size 1024 --elem 8
  try slickq check q --min-rate 10 --interval 100ms
  expect_status 2
  expect_match "$output" "CRITICAL - q: 0.0 elements/s, less than 10 | reserved=0c rate=0.0;;10:;0"
  yes | slickq push -q q --rate 1000 &
  pids+=($!)
  wait_until eval '[ "$(slickq inspect q --json | json "d[\"reserved_index\"]")" -gt 0 ]'
  try slickq check q --min-rate 100 --interval 500ms
  expect_status 0
  expect_match "$output" "OK - q: at index * | reserved=*c rate=*;;100:;0"
}

@test "absent or damaged is critical; what keeps us from looking is unknown, mistakes too" {
  try slickq check none
  expect_status 2
  expect "$output" "CRITICAL - none: no such segment: $SLICKQ_SHM_DIR/none (see what there is: slickq list)"
  expect "$stderr" ""
  make_queue q --size 8 --elem 8
  truncate -s 100 "$SLICKQ_SHM_DIR/q"
  try slickq check q
  expect_status 2
  expect_match "$output" "CRITICAL - q: *"
  for limits in much 1, , % x,2 95%,80% 5,3; do
    try slickq check q --max-lag "$limits"
    expect_status 3
    expect_match "$output" "UNKNOWN - --max-lag: '$limits' *80%,95%*"
    expect "$stderr" ""
  done
  try slickq check q --no-such-flag
  expect_status 3
  expect_match "$output" "UNKNOWN - --no-such-flag: unknown flag*"
  try slickq check
  expect_status 3
  expect_match "$output" "UNKNOWN - QUEUE/FILE: missing*"
  make_queue p --size 8 --elem 8
  try slickq check p --cursor none
  expect_status 2
}

@test "a queue that may only be read is checked, and nothing is written" {
  make_queue q --size 8 --elem 8
  slickq cursor create q c --at begin >/dev/null
  chmod 0444 "$SLICKQ_SHM_DIR"/q*
  before=$(cat "$SLICKQ_SHM_DIR"/q* | sha256sum)
  user=()
  [ "$(id -u)" != 0 ] || { user=(setpriv --reuid=nobody --regid=nogroup --clear-groups); chmod 0755 "$SLICKQ_SHM_DIR"; }
  try "${user[@]}" "$(command -v slickq)" check q --max-lag 1,2 --max-stall 10ms
  expect_status 0
  expect "$(cat "$SLICKQ_SHM_DIR"/q* | sha256sum)" "$before"
}

@test "a file with a segment's bytes is checked like a queue, but has no cursors" {
  cp "$GOLDEN_DIR/cpp-1.4.0/hole.bin" "$BATS_TEST_TMPDIR/saved"
  saved=$BATS_TEST_TMPDIR/saved
  slickq cursor create --shm-dir "$BATS_TEST_TMPDIR" saved c --at begin >/dev/null
  try slickq check "$saved" --max-stall 10ms --max-lag 0
  expect_status 2
  expect_match "$output" "CRITICAL - $saved: elements 2..2 are reserved and were not published for 10ms | * stalls=1;;0;0"
  [[ "$output" != *lag_* ]]
  try slickq check --file "$saved"
  expect_status 0
  try slickq check "$saved" --cursor c
  expect_status 3
  expect_match "$output" "UNKNOWN - --cursor: $saved is a file: cursors are segments*--shm-dir*"
}

@test "--json has the same in keys" {
  make_queue q --size 8 --elem 8
  slickq cursor create q c --at begin >/dev/null
  slickq push -q q -m a
  expect "$(slickq check q --max-lag 0,4 --json | json "d['schema'], d['state'], d['cursors'], d['stalls'],
    d['published_per_s'], len(d['problems'])")" \
    "('slickq.check/1', 'WARNING', [{'cursor': 'c', 'lag': 1, 'state': 'WARNING'}], [], None, 1)"
}

@test "--json tells a failure in the same keys" {
  expect "$(slickq check none --json | json "d['name'], d['state'], len(d['problems']), d['reserved_index'], d['cursors']")" \
    "('none', 'CRITICAL', 1, None, [])"
  expect "$(slickq check none --max-lag x --json | json "d['name'], d['state'], d['problems'][0][:9]")" \
    "(None, 'UNKNOWN', '--max-lag')"
}

@test "a cursor that may not be read is unknown, by its name; a critical one is worse" {
  [ "$(id -u)" -eq 0 ] || skip "needs root to become somebody else"
  chmod 755 "$SLICKQ_SHM_DIR"
  make_queue q --size 8 --elem 8 --mode 0644
  slickq cursor create q secret --mode 0600 >/dev/null
  nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups "$SLICKQ_BIN_DIR/slickq")
  try "${nobody[@]}" check q --max-lag 5
  expect_status 3
  expect "$output" "UNKNOWN - q: cursor secret: cannot look into it: Permission denied | reserved=0c"
  expect "$("${nobody[@]}" check q --max-lag 5 --json | json "d['state'], d['cursors']")" \
    "('UNKNOWN', [{'cursor': 'secret', 'lag': None, 'state': 'UNKNOWN'}])"
  try "${nobody[@]}" check q
  expect_status 0
  slickq cursor create q open --mode 0644 >/dev/null
  seq 6 | slickq push -q q
  try "${nobody[@]}" check q --max-lag 5
  expect_status 2
  expect_match "$output" "CRITICAL - q: cursor open is 6 elements behind *; cursor secret: *"
}

@test "a cursor ahead of its queue is a warning" {
  make_queue q --size 8 --elem 8
  slickq push -q q -m a -m b
  slickq cursor create q c --at end >/dev/null
  slickq reset q >/dev/null
  for cursor in "" "--cursor c"; do
    # shellcheck disable=SC2086
    try slickq check q $cursor
    expect_status 1
    expect "$output" "WARNING - q: cursor c is ahead of the queue: at 2 | reserved=0c 'lag_c'=0;;;0"
  done
}

@test "while it waits the queue is not held, and one that was made anew or removed is critical" {
  make_queue q --size 8 --elem 8
  slickq check q --min-rate 1 --interval 2s >"$BATS_TEST_TMPDIR/anew" &
  wait_until pauses $!
  slickq create q --size 8 --elem 8 --replace >/dev/null
  status=0
  wait $! || status=$?
  expect_status 2
  expect_match "$(cat "$BATS_TEST_TMPDIR/anew")" "CRITICAL - q: was made anew while it was looked at | reserved=0c"
  slickq check q --min-rate 1 --interval 2s >"$BATS_TEST_TMPDIR/gone" &
  wait_until pauses $!
  slickq unlink q
  status=0
  wait $! || status=$?
  expect_status 2
  expect_match "$(cat "$BATS_TEST_TMPDIR/gone")" "CRITICAL - q: no such segment*"
}
