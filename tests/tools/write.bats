# Writing: push and pop.
load common

setup() {
  pids=()
  SLICKQ_SHM_DIR=$(mktemp -d "/dev/shm/slickq-test-$$-XXXXXX")
  export SLICKQ_SHM_DIR
  slickq create q --size 64 --elem 8 >/dev/null
}

shows() { slickq tail q --format text | grep -q "$1"; }

@test "who truncates a queue ends nobody by a signal: push and pop say what happened" {
  make_queue t --size 1024 --elem 64
  yes | slickq push -q t 2>"$BATS_TEST_TMPDIR/pushed" &
  pushing=$!
  pids+=($pushing)
  wait_until eval '[ "$(slickq inspect t --json | json "d[\"reserved_index\"]")" -gt 0 ]'
  truncate -s 0 "$SLICKQ_SHM_DIR/t"
  code=0
  wait "$pushing" || code=$?
  expect "$code" 6
  expect_match "$(cat "$BATS_TEST_TMPDIR/pushed")" "slickq: push: t: somebody made it shorter while it was in use*slickq verify t"
  make_queue u --size 1024 --elem 64
  slickq pop u --cursor c --create -f 2>"$BATS_TEST_TMPDIR/popped" &
  popping=$!
  pids+=($popping)
  wait_until test -e "$SLICKQ_SHM_DIR/u@c"
  wait_until eval '[ "$(slickq ps u --json | json "d[\"count\"]")" -gt 0 ]'
  truncate -s 0 "$SLICKQ_SHM_DIR/u"
  code=0
  wait "$popping" || code=$?
  expect "$code" 6
  expect_match "$(cat "$BATS_TEST_TMPDIR/popped")" "slickq: pop: u: somebody made it shorter*"
}

@test "push tells how many and the last index, unless quiet" {
  try slickq push q -m one -m two
  expect_status 0
  expect "$output" "pushed 2 items, last index 1"
  expect "$stderr" ""
  try slickq push q -m three -q
  expect "$output" ""
  expect "$(slickq dump q --format text)" $'one\ntwo\nthree'
}

@test "lines of standard input are items, the last one with or without a newline" {
  printf 'a\n\nb' | slickq push q
  expect "$(slickq dump q -f '%s|')" "a||b|"
}

@test "lines are pushed as they come" {
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  slickq push -q q <"$BATS_TEST_TMPDIR/pipe" &
  pids+=($!)
  exec 7>"$BATS_TEST_TMPDIR/pipe"
  echo first >&7
  wait_until shows first
  exec 7>&-
  wait "${pids[-1]}"
}

@test "--file reads lines of a file, --raw fixed-size records" {
  printf 'a\nb\n' >"$BATS_TEST_TMPDIR/lines"
  slickq push -q q --file "$BATS_TEST_TMPDIR/lines"
  printf '12345678abcdefghXY' | slickq push -q q --raw
  expect "$(slickq dump q -f '%s|')" "a|b|12345678|abcdefgh|XY|"
  try slickq push q --file /no/such/file
  expect_error 3 "slickq: push: /no/such/file: *"
}

@test "--count repeats and --rate keeps time" {
  begin=$(date +%s%N)
  slickq push -q q -m x --count 11 --rate 100
  expect "$(slickq dump q -f '.')" "..........."
  [ $(($(date +%s%N) - begin)) -ge 100000000 ]
}

@test "too long for the element is an error: nothing is cut" {
  try slickq push q -m 123456789
  expect_error 2 "slickq: push: q: '123456789' is too long: 9 bytes or more, an element has 8 (0 items pushed before it)"
  try slickq push q -m ok -m 123456789
  expect_status 2
  expect "$(slickq dump q)" ""
  try slickq push q <<<$'fine\n123456789\nnever'
  expect_error 2 "slickq: push: q: line 2 is too long: 9 bytes or more, an element has 8 (1 item pushed before it)"
  expect "$(slickq dump q --format text)" fine
}

@test "values and sources of items that contradict each other are usage errors" {
  for wrong in "-m a --pack <q 1" "-m a --raw" "extra" "-m a extra" "--pack <q" "--pack <q 1 2" "--pack <q x" \
    "--count 0 -m a" "--rate 0 -m a"; do
    # shellcheck disable=SC2086
    try slickq push q $wrong </dev/null
    expect_error 2 "slickq: push: *"
  done
  expect "$(slickq dump q)" ""
}

@test "each layout takes and gives items, across the end of the ring" {
  for layout in slq1 slq0 packed wide; do
    make_queue "$layout" --size 4 --elem 8 --layout "$layout"
    seq 6 | slickq push -q "$layout"
    expect "$(slickq dump "$layout" --format text | tail -2)" $'5\n6'
    slickq verify "$layout"
  done
  make_queue shared --size 32 --elem 8 --items-per-slot 8
  seq 6 | slickq push -q shared
  expect "$(slickq dump shared --format text --from -2)" $'5\n6'
  slickq verify shared
}

@test "a stopped push ends between two items with 130, and leaves no hole" {
  yes | slickq push -q q &
  local pid=$!
  pids+=("$pid")
  wait_until shows y
  kill -TERM "$pid"
  wait "$pid" || code=$?
  expect "$code" 130
  slickq verify q
}

@test "pop takes each item once, by the cursor" {
  seq 5 | slickq push -q q
  slickq cursor create q team >/dev/null
  expect "$(slickq pop q --cursor team --format text)" 1
  expect "$(slickq pop q --cursor team --format text -n 2)" $'2\n3'
  try slickq pop q --cursor team --format text -n 9
  expect_status 5
  expect "$output" $'4\n5'
  expect "$stderr" "slickq: pop: q: the queue holds nothing new, 2 items taken"
}

@test "pop without its cursor is 3, --create makes it at the oldest item" {
  seq 3 | slickq push -q q
  try slickq pop q --cursor team
  expect_error 3 "slickq: pop: q@team: *"
  try slickq pop q
  expect_error 2 "slickq: pop: --cursor: missing*"
  expect "$(slickq pop q --cursor team --create --format text)" 1
  expect "$(slickq pop q --cursor team --create --format text)" 2
}

@test "pop waits for an item as long as told" {
  slickq cursor create q team >/dev/null
  try slickq pop q --cursor team --timeout 50ms
  expect_error 5 "slickq: pop: q: *"
  slickq pop q --cursor team --timeout 10m --format text >"$BATS_TEST_TMPDIR/out" &
  pids+=($!)
  slickq push -q q -m late
  wait "${pids[-1]}"
  expect "$(cat "$BATS_TEST_TMPDIR/out")" late
}

@test "two followers on one cursor share the items, none twice and none lost" {
  make_queue big --size 1024 --elem 8
  slickq cursor create big team >/dev/null
  for k in 1 2; do
    slickq pop big --cursor team -f --format text >"$BATS_TEST_TMPDIR/out$k" &
    pids+=($!)
  done
  seq 1000 | slickq push -q big
  all_taken() { [ "$(cat "$BATS_TEST_TMPDIR"/out? | wc -l)" -ge 1000 ]; }
  wait_until all_taken
  for pid in "${pids[@]}"; do wait_until catches_interrupts "$pid"; kill -INT "$pid"; wait "$pid"; done
  expect "$(sort -n "$BATS_TEST_TMPDIR"/out?)" "$(seq 1000)"
}

@test "pop tells that it waits at a hole" {
  cp "$GOLDEN_DIR/cpp-1.4.0/hole.bin" "$SLICKQ_SHM_DIR/hole"
  try slickq pop hole --cursor c --create -n 5 --format raw
  expect_status 5
  expect "$stderr" "slickq: pop: hole: index 2 is reserved, but not published, 2 items taken"
}

@test "nothing is taken when the reader has gone, and what could not be written is named" {
  slickq cursor create q w >/dev/null
  slickq push -q q -m a
  timeout 20 bash -c 'slickq pop q --cursor w -f --format text | head -1' >/dev/null
  slickq push -q q -m b -m c
  expect "$(slickq cursor show q w --json | json "d['value']")" 1
  slickq cursor set q w begin >/dev/null
  run --separate-stderr bash -c 'slickq pop q --cursor w -n 3 >/dev/full'
  expect_status 1
  expect_match "$stderr" "slickq: pop: q: item 0 was taken, but could not be written: *No space left*: it is lost"
  run --separate-stderr bash -c 'slickq pop q --cursor w -n 3 >&-'
  expect_status 1
  expect_match "$stderr" "slickq: pop: q: item 1 was taken, but could not be written: *: it is lost"
}

@test "pop takes queue and cursor in one word, and no count of nothing" {
  slickq push -q q -m a
  expect "$(slickq pop q@w --create --format text)" a
  try slickq pop q --cursor w -n 0
  expect_error 2 "slickq: pop: --count: *"
}

@test "verbs that write tell a mistyped name as the others do" {
  make_queue ticks --size 8 --elem 8
  for verb in "push tick -m a" "pop tick --cursor c" "reset tick"; do
    # shellcheck disable=SC2086
    try slickq $verb
    expect_error 3 $'slickq: *: tick: no such segment: *\n  did you mean ticks?'
    # shellcheck disable=SC2086
    try slickq ${verb/tick/nothing}
    expect_error 3 $'slickq: *: nothing: no such segment: *\n  see what there is: slickq list'
  done
}

@test "a number that a float cannot hold is refused, infinities are not" {
  for value in 1e50 -1e39; do
    try slickq push q --pack '<f' -- "$value"
    expect_error 2 "slickq: push: $value: does not fit 'f' (4 bytes)"
  done
  slickq push -q q --pack '<f' inf
  slickq push -q q --pack '<f' nan
  slickq push -q q --pack '<f' 3.4e38
  expect_match "$(slickq dump q --unpack '<f' -n 2 --from 0)" $'0 inf*\n1 nan*'
}
