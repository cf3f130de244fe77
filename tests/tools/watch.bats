# slickq watch.
load common

squeezed() { tr -s ' ' <<<"$1"; }

# A watch of its own in the background, its lines in $watched, one a round.
watched=$BATS_TEST_TMPDIR/watched
begin_watch() {  # FLAG...
  slickq watch --interval 20ms "$@" >"$watched" 2>"$watched.errors" &
  pids+=($!)
  wait_until test -s "$watched"
}
quiet() { "$@" >/dev/null 2>&1; }
says() { tail -n 3 "$watched" | tr -s ' ' | grep -qE -- "$1"; }
said() { tr -s ' ' <"$watched" | grep -qE -- "$1"; }

@test "a line per queue and round, headings once, plain numbers in pipes" {
  make_queue b --size 8 --elem 8
  make_queue a --size 2048 --elem 8 --layout packed
  slickq push -q a -m x --count 1500
  slickq push -q b -m x --count 3
  slickq cursor create b near --at end >/dev/null
  slickq cursor create b far --at begin >/dev/null
  try slickq watch --count 2 --interval 10ms --color never
  expect_status 0
  expect "$stderr" ""
  expect "${#lines[@]}" 5
  expect "$(squeezed "${lines[0]}")" \
    "name rate reserved published gap unpublished holes cursor lag lag% lost lost/s state"
  expect "$(squeezed "${lines[1]}")" "a - 1500 1500 0 0 0 - - - 0 - ok"
  expect "$(squeezed "${lines[2]}")" "b - 3 3 0 0 0 far 3 37.5 0 - ok"
  expect "$(squeezed "${lines[3]}")" "a 0 1500 1500 0 0 0 - - - 0 0 ok"
  expect "$(squeezed "${lines[4]}")" "b 0 3 3 0 0 0 far 3 37.5 0 0 ok"
}

@test "names and globs choose, in any order; --no-headings leaves rows" {
  for name in tick1 tick2 other; do make_queue "$name" --size 8 --elem 8; done
  watched_names() { slickq watch --count 1 --no-headings "$@" | cut -d ' ' -f 1 | tr '\n' ' '; }
  expect "$(watched_names)" "other tick1 tick2 "
  expect "$(watched_names 'tick*')" "tick1 tick2 "
  expect "$(watched_names 'tick[2-9]' /other)" "other tick2 "
  expect "$(watched_names other 'o*')" "other "
}

@test "a path is a file with a segment's bytes; --name is another way to say QUEUE" {
  make_queue q --size 8 --elem 8
  slickq push -q q -m a -m b
  mkdir "$BATS_TEST_TMPDIR/saved[1]"
  cp "$SLICKQ_SHM_DIR/q" "$BATS_TEST_TMPDIR/saved[1]/q"
  saved=$BATS_TEST_TMPDIR/saved[1]/q
  slickq push -q q -m c
  try slickq watch --count 2 --interval 10ms --no-headings "$saved" --name q
  expect_status 0
  expect "$(squeezed "$output" | cut -d ' ' -f 1-4)" "$(printf '%s\n' "$saved - 2 2" "q - 3 3" "$saved 0 2 2" "q 0 3 3")"
  try slickq watch "$saved.none"
  expect_error 3 "slickq: watch: *none: *"
}

@test "headings come again only every 20 rounds" {
  make_queue q --size 8 --elem 8
  expect "$(slickq watch --count 45 --interval 10ms | grep -n name | cut -d : -f 1 | tr '\n' ' ')" "1 22 43 "
}

@test "the rate is what was published per second, a lapped ring included" {
  make_queue q --size 64 --elem 8
  slickq push q -m x --count 100000000 --rate 20000 &
  pids+=($!)
  grows() { [ "$(slickq inspect q --json | json 'd["published_index"]')" -gt 1000 ]; }
  wait_until grows
  # Some rates are between half and twice as much; on a machine that has no time for it at least one.
  near() {
    slickq watch q --count 3 --interval 500ms --json | python3 -c '
import json, sys
rates = [json.loads(line)["published_per_s"] for line in sys.stdin]
sys.exit(rates[0] is not None or not any(10000 < rate < 40000 for rate in rates[1:]))'
  }
  wait_until near
}

@test "what is lost is told, per second and in all; an overrun cursor is in the state" {
  make_queue q --size 8 --elem 8
  slickq cursor create q c >/dev/null
  slickq push -q q -m x --count 12
  try slickq watch q --count 2 --interval 10ms --no-headings
  expect "$(squeezed "${lines[0]}")" "q - 12 12 0 0 0 c 12 150.0 4 - overrun"
  expect "$(squeezed "${lines[1]}")" "q 0 12 12 0 0 0 c 12 150.0 4 0 overrun"
  begin_watch q --no-headings
  slickq push -q q -m x --count 5
  wait_until says '^q 0 17 17 0 0 0 c 17 212.5 9 0 overrun$'
  said ' 9 [1-9][0-9]* overrun$'
}

@test "a hole that stays is in the state" {
  cp "$GOLDEN_DIR/cpp-1.4.0/hole.bin" "$SLICKQ_SHM_DIR/q"
  try slickq watch --count 2 --interval 10ms --no-headings
  expect "$(squeezed "${lines[1]}")" "q 0 6 2 4 1 1 - - - 0 0 1 hole"
}

@test "a queue that goes away and is made anew is told, and no error" {
  make_queue q --size 8 --elem 8
  slickq push -q q -m x --count 3
  begin_watch q --no-headings
  rm "$SLICKQ_SHM_DIR/q"
  wait_until says '^q - - - - - - - - - 0 - gone$'
  make_queue q --size 16 --elem 8
  wait_until said '^q - 0 0 0 0 0 - - - 0 - made anew$'
  wait_until says '^q 0 0 0 0 0 0 - - - 0 0 ok$'
  slickq push -q q -m x
  wait_until says '^q 0 1 1 0 .*ok$'
  wait_until quiet slickq reset q  # refused in just the moment of a round
  wait_until said '^q - 0 0 0 .*reset$'
  kill -INT "${pids[-1]}"
  wait "${pids[-1]}"
  expect "$(cat "$watched.errors")" ""
}

@test "without a name queues that come are shown, those that go are told once" {
  try slickq watch --count 1
  expect_status 0
  expect "$output" ""
  expect "$stderr" "no queues in $SLICKQ_SHM_DIR yet"
  try slickq watch -q --count 1 'tick*'
  expect_status 0
  expect "$stderr" ""
  make_queue stays --size 8 --elem 8
  begin_watch --no-headings
  make_queue comes --size 8 --elem 8
  wait_until said '^comes '
  rm "$SLICKQ_SHM_DIR/comes"
  wait_until said '^comes .*gone$'
  settled() { ! says '^comes'; }
  wait_until settled
  expect "$(grep -c '^comes .*gone$' "$watched")" 1
}

@test "a name that was never there is not found; what is no queue is told as such" {
  make_queue ticks --size 8 --elem 8
  try slickq watch tick
  expect_error 3 $'slickq: watch: tick: no such segment: *\n  did you mean ticks?'
  try slickq watch ticks none --json
  expect_error 3 "slickq: watch: none: no such segment: *"
  echo diary >"$SLICKQ_SHM_DIR/diary"
  try slickq watch diary
  expect_error 6 "slickq: watch: diary: *"
  expect "$(slickq watch 'd*' --count 1 2>&1)" "no queues of these names in $SLICKQ_SHM_DIR yet"
  try slickq watch --shm-dir "$SLICKQ_SHM_DIR/none"
  expect_error 3 "slickq: watch: $SLICKQ_SHM_DIR/none: *--shm-dir*"
}

@test "mistakes on the command line" {
  try slickq watch ''
  expect_error 2 "slickq: watch: name ''*"
  try slickq watch --interval 0
  expect_error 2 "slickq: watch: --interval: '0' is not a duration*"
  try slickq watch --interval 1ms
  expect_error 2 "slickq: watch: --interval: '1ms' is not an interval: 10ms is the shortest"
  try slickq watch --count x
  expect_error 2 "slickq: watch: --count: 'x' is not a whole number"
}

@test "--json: a line per queue and round, every key in each" {
  make_queue q --size 8 --elem 16
  slickq push -q q -m x --count 12
  slickq cursor create q c --at 10 >/dev/null
  make_queue r --size 8 --elem 8
  try slickq watch --count 2 --interval 10ms --json
  expect_status 0
  expect "${#lines[@]}" 4
  expect "$(json 'd["schema"], d["name"], d["path"], d["state"]' <<<"${lines[0]}")" \
    "('slickq.watch/1', 'q', '$SLICKQ_SHM_DIR/q', 'ok')"
  expect "$(json 'd["layout"], d["capacity"], d["element_size"], d["inode"]' <<<"${lines[0]}")" \
    "('slq1', 8, 16, $(stat -c %i "$SLICKQ_SHM_DIR/q"))"
  expect "$(json 'd["reserved_index"], d["published_index"], d["gap"], d["unpublished"], d["oldest_index"], d["holes"]' \
    <<<"${lines[0]}")" "(12, 12, 0, 0, 4, [])"
  expect "$(json 'd["published_per_s"], d["lost"], d["lost_per_s"], d["consistent"]' <<<"${lines[0]}")" \
    "(None, 0, None, True)"
  expect "$(json 'd["published_per_s"], d["lost_per_s"]' <<<"${lines[2]}")" "(0.0, 0.0)"
  expect "$(json 'd["cursors"]' <<<"${lines[0]}")" \
    "[{'cursor': 'c', 'value': 10, 'lag': 2, 'lag_pct': 25.0, 'lost': 0}]"
  expect "$(json 'd["cursors"]' <<<"${lines[1]}")" "[]"
  expect_match "$(json 'd["time"]' <<<"${lines[0]}")" "$(date -u +%Y)-[01][0-9]-[0-3][0-9]T??:??:??.???Z"
  # The keys are the same when the queue has gone.
  keys=$(json 'sorted(d)' <<<"${lines[0]}")
  begin_watch q --json
  rm "$SLICKQ_SHM_DIR/q"
  wait_until said '"state":"gone"'
  expect "$(grep -m 1 gone "$watched" | json 'sorted(d)')" "$keys"
  expect "$(grep -m 1 gone "$watched" | json 'd["reserved_index"], d["capacity"], d["cursors"]')" "(None, 8, [])"
}

@test "read permission is enough, nothing is written, and without it the reason is shown" {
  make_queue open --size 8 --elem 8 --mode 0444
  make_queue closed --size 8 --elem 8 --mode 0600
  slickq cursor create open c --mode 0444 >/dev/null
  before=$(cd "$SLICKQ_SHM_DIR" && stat -c '%n %y %z' -- *; sha256sum "$SLICKQ_SHM_DIR"/*)
  chmod 0755 "$SLICKQ_SHM_DIR"
  as_user=()
  bin=slickq
  if [ "$(id -u)" = 0 ]; then
    # The build may be in a directory that only root may enter.
    cp "$(command -v slickq)" "$SLICKQ_SHM_DIR/.slickq-test-bin"
    chmod 0755 "$SLICKQ_SHM_DIR/.slickq-test-bin"
    as_user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    bin=$SLICKQ_SHM_DIR/.slickq-test-bin
  else
    chmod 0 "$SLICKQ_SHM_DIR/closed"
  fi
  try "${as_user[@]}" "$bin" watch open closed --count 2 --interval 10ms --no-headings
  expect_status 0
  expect "$(squeezed "${lines[0]}")" \
    "closed - - - - - - - - - 0 - unreadable: cannot open for reading: Permission denied"
  expect "$(squeezed "${lines[3]}")" "open 0 0 0 0 0 0 c 0 0.0 0 0 ok"
  # As list does, all means all that are known to be queues.
  try "${as_user[@]}" "$bin" watch --count 1 --no-headings
  expect "$(squeezed "$output")" "open - 0 0 0 0 0 c 0 0.0 0 - ok"
  try "${as_user[@]}" "$bin" watch 'c*' --count 1 --json
  expect "$(json 'd["state"], d["reserved_index"], d["layout"]' <<<"$output")" \
    "('unreadable: cannot open for reading: Permission denied', None, None)"
  chmod 0600 "$SLICKQ_SHM_DIR/closed"
  if [ "$(id -u)" = 0 ]; then
    expect "$(cd "$SLICKQ_SHM_DIR" && stat -c '%n %y %z' -- * | grep -v closed; sha256sum "$SLICKQ_SHM_DIR"/*)" \
      "$(grep -v '^closed' <<<"$before")"
  fi
}

@test "who watches does not hold: a queue can be removed meanwhile" {
  make_queue q --size 8 --elem 8
  begin_watch q
  wait_until quiet slickq unlink q  # refused in just the moment of a round
  wait_until says 'gone$'
}

@test "Ctrl-C ends with exit code 0, a closed pipe too, also in a long interval" {
  make_queue q --size 8 --elem 8
  for signal in INT TERM; do
    slickq watch --interval 1h >"$watched" &
    pids+=($!)
    wait_until test -s "$watched"
    kill "-$signal" "${pids[-1]}"
    wait "${pids[-1]}"
    : >"$watched"
  done
  (set -o pipefail; slickq watch --interval 10ms | head -3 >/dev/null)
}

@test "on a terminal: human units, the columns that fit, colour, over the lines of the round before" {
  make_queue q --size 4096 --elem 8
  slickq push -q q -m x --count 4321
  expect_match "$(script -qec 'TERM=xterm slickq watch --count 1 --color never' /dev/null | tr -s ' ')" "* - 4.32K *"
  make_queue bad --size 8 --elem 8
  slickq cursor create bad c >/dev/null
  slickq push -q bad -m x --count 9
  try script -qec 'stty cols 60 rows 10; TERM=xterm slickq watch --count 2 --interval 10ms' /dev/null
  expect_status 0
  expect "$(tr -d '\r' <<<"${lines[0]}" | tr -s ' ')" $'\e[1mname rate gap lag lag% lost state\e[0m\e[K'
  expect "$(tr -d '\r' <<<"${lines[1]}" | tr -s ' ')" $'bad - 0 9 112.5 1 \e[31moverrun\e[0m\e[K'
  expect "$(tr -d '\r' <<<"${lines[2]}" | tr -s ' ')" $'q - 0 - - 0 ok\e[K'
  expect "$(tr -d '\r' <<<"${lines[3]}" | tr -s ' ' | cut -c 1-12)" $'\e[J\e[3A\e[1mn'
  for line in "${lines[@]}"; do
    # shellcheck disable=SC2001
    [ "$(sed 's/\x1b\[[0-9]*[A-Za-z]//g; s/\r//' <<<"$line" | wc -m)" -le 61 ]
  done
  try script -qec 'TERM=xterm slickq watch --count 1 --color never' /dev/null
  [[ "$output" != *$'\e['[0-9]*m* ]]
  # A terminal that cannot go back gets lines, as a pipe does; so does --json.
  try script -qec 'TERM=dumb slickq watch --count 2 --interval 10ms --color never' /dev/null
  [[ "$output" != *$'\e'* ]]
  expect "${#lines[@]}" 5
  try script -qec 'TERM=xterm slickq watch --count 1 --json' /dev/null
  [[ "$output" != *$'\e'* ]]
}

@test "on a terminal: more queues than lines are counted, not scrolled away" {
  for k in 1 2 3 4 5 6 7 8 9; do make_queue "q$k" --size 8 --elem 8; done
  try script -qec 'stty cols 80 rows 6; TERM=xterm slickq watch --count 1 --color never' /dev/null
  expect "${#lines[@]}" 6
  expect_match "${lines[3]}" "q3 *"
  expect_match "${lines[4]}" "... 6 more: slickq top*"
}
