# slickq cursor: named cursors.
load common

setup() {
  pids=()
  SLICKQ_SHM_DIR=$(mktemp -d "/dev/shm/slickq-test-$$-XXXXXX")
  export SLICKQ_SHM_DIR
  slickq create q --size 8 --elem 8 --mode 0640 >/dev/null
  seq 6 | slickq push -q q
}

value() { slickq cursor show q "$1" --json | json "d['value']"; }

@test "a cursor is created at the oldest item, or where it is told" {
  try slickq cursor create q a
  expect_status 0
  expect "$output" "created q@a at 0"
  slickq cursor create q b --at end
  slickq cursor create q c --at -2
  slickq cursor create q d --at 3
  expect "$(value b) $(value c) $(value d)" "6 4 3"
  expect "$(stat -c '%s %a' "$SLICKQ_SHM_DIR/q@a")" "8 640"
}

@test "list and show tell lag in elements and in percent of the ring" {
  slickq cursor create q a --at 2 >/dev/null
  try slickq cursor list
  expect "$(tr -s ' ' <<<"${lines[0]}")" "queue cursor position lag lag% state"
  expect "$(tr -s ' ' <<<"${lines[1]}")" "q a 2 4 50.0 ok"
  expect "$(slickq cursor show q a | tail -1 | tr -s ' ')" "q a 2 4 50.0 ok"
  make_queue other --size 8 --elem 8
  expect "$(slickq cursor list other -q | wc -l)" 1
  rm "$SLICKQ_SHM_DIR/q"
  expect "$(slickq cursor ls | tail -1 | tr -s ' ')" "q a 2 - - no queue"
}

@test "a cursor more than a ring behind is overrun" {
  slickq cursor create q a >/dev/null
  seq 6 | slickq push -q q
  expect "$(slickq cursor show q a --json | json "d['lag'],d['lag_pct'],d['state']")" "(12, 150.0, 'overrun')"
}

@test "set moves a cursor, but not beyond the queue" {
  slickq cursor create q a >/dev/null
  expect "$(slickq cursor set q a 5)" "set q@a at 5"
  slickq cursor set q a -1 >/dev/null
  expect "$(value a)" 5
  slickq cursor set q a end >/dev/null
  expect "$(value a)" 6
  try slickq cursor set q a 7
  expect_error 2 "slickq: cursor set: q@a: 7 is beyond the reserved index 6*"
  expect "$(value a)" 6
}

@test "a cursor may be named in one word" {
  expect "$(slickq cursor create q@a --at 2)" "created q@a at 2"
  slickq cursor set q@a -1 >/dev/null
  expect "$(slickq cursor show q@a --json | json "d['queue'], d['cursor'], d['value']")" "('q', 'a', 5)"
  expect "$(slickq cursor remove q@a)" "removed q@a"
}

@test "remove is refused while a consumer is on the cursor" {
  slickq pop q --cursor a --create -f >/dev/null &
  pids+=($!)
  wait_until test -e "$SLICKQ_SHM_DIR/q@a"
  try slickq cursor remove q a
  expect_error 7 "slickq: cursor remove: q@a: held by *$! slickq*"
  kill "${pids[-1]}"
  wait "${pids[-1]}" || true
  expect "$(slickq cursor remove q a --dry-run)" "would remove q@a"
  expect "$(slickq cursor rm q a)" "removed q@a"
  [ ! -e "$SLICKQ_SHM_DIR/q@a" ]
}

@test "cursors that are there, are not there, or are no cursors" {
  slickq cursor create q a >/dev/null
  try slickq cursor create q a
  expect_error 7 "slickq: cursor create: q@a: *"
  try slickq cursor show q b
  expect_error 3 "slickq: cursor show: q@b: *did you mean q@a?"
  try slickq cursor create p a
  expect_error 3 "slickq: cursor create: p: *"
  try slickq cursor create q a@b
  expect_error 2 "slickq: cursor create: *"
  cp "$SLICKQ_SHM_DIR/q" "$SLICKQ_SHM_DIR/q@big"
  try slickq cursor show q big
  expect_error 6 "slickq: cursor show: q@big: *"
  try slickq pop q --cursor big
  expect_error 6 "slickq: pop: q@big: *"
}

@test "the group of verbs needs a second word, and helps with it" {
  try slickq cursor
  expect_error 2 "slickq: cursor: needs a second word*cursor list*cursor remove*"
  try slickq cursor crate q a
  expect_error 2 "slickq: cursor crate: unknown verb*did you mean cursor create?"
}

@test "a cursor that may not be read is listed, and watch says so" {
  [ "$(id -u)" -eq 0 ] || skip "needs root to become somebody else"
  chmod 755 "$SLICKQ_SHM_DIR"
  chmod 644 "$SLICKQ_SHM_DIR/q"
  slickq cursor create q secret --mode 0600 >/dev/null
  nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups "$SLICKQ_BIN_DIR/slickq")
  try "${nobody[@]}" cursor list q
  expect_status 0
  expect "$(tr -s ' ' <<<"${lines[1]}")" "q secret - - - unreadable"
  expect "$("${nobody[@]}" cursor list --json | json "d['cursors'][0]['value'], d['cursors'][0]['lag'], d['cursors'][0]['state']")" \
    "(None, None, 'unreadable')"
  expect_match "$("${nobody[@]}" watch q --count 1 --no-headings)" "*  cursor secret unreadable"
}

@test "the cursors of a queue that is not there, or has none" {
  make_queue ticks --size 8 --elem 8
  try slickq cursor list tick
  expect_error 3 $'slickq: cursor list: tick: no such segment: *\n  did you mean ticks?'
  try slickq cursor list q
  expect_status 0
  expect "$stderr" "no cursors of q in $SLICKQ_SHM_DIR"
}

@test "one word for queue and cursor is all there is" {
  try slickq cursor create q@c d
  expect_error 2 "slickq: cursor create: d: one argument too many*"
  try slickq cursor set q@c d end
  expect_error 2 "slickq: cursor set: end: one argument too many*"
  expect "$(ls "$SLICKQ_SHM_DIR")" q
}
