# slickq daemon events and plan: against a real slickqd where there is one to be had, else, and for what a real one does
# only when it is driven hard, against a socket that answers alike.
load common

setup() {
  pids=()
  SLICKQ_SHM_DIR=$(mktemp -d "/dev/shm/slickq-test-$$-XXXXXX")
  export SLICKQ_SHM_DIR
  export SLICKQD_SOCKET="$BATS_TEST_TMPDIR/socket"
}

# LIST [STREAM...]: see fake_events.py.
events() {
  python3 "$BATS_TEST_DIRNAME/fake_events.py" "$SLICKQD_SOCKET" "$@" &
  pids+=($!)
  wait_until test -S "$SLICKQD_SOCKET"
}

event() {  # SEQ KIND [QUEUE [MORE]]
  printf '{"time":"2026-01-31T12:00:%02d.000Z","seq":%d,"event":"%s"%s%s}' "$1" "$1" "$2" \
    "${3:+,\"queue\":\"$3\"}" "${4:+,$4}"
}
FOUR="[$(event 1 created ticks '"geometry":"g"'),$(event 2 created ticks@c '"cursor":0'),$(event 3 reload_ok),$(event 4 stall trades '"index":3,"age_ms":2000,"owner_pid":null')]"

# QUEUES: the configuration's, as JSON.
configure() {
  printf '{"shm_dir":"%s","control":{"socket":"%s"},"monitor":{"interval":"20ms"},"queues":%s}' \
    "$SLICKQ_SHM_DIR" "$SLICKQD_SOCKET" "$1" >"$BATS_TEST_TMPDIR/slickqd.json"
}
start_slickqd() {  # QUEUES
  [[ -x $SLICKQ_BIN_DIR/slickqd ]] || skip "slickqd is not built"
  configure "$1"
  slickqd --config "$BATS_TEST_TMPDIR/slickqd.json" 2>"$BATS_TEST_TMPDIR/log" &
  slickqd=$!
  pids+=("$slickqd")
  wait_until slickq daemon status >/dev/null 2>&1
}

# FLAG...: follows into $told and $remarks; its process is $follower.
follow() {
  told=$BATS_TEST_TMPDIR/told remarks=$BATS_TEST_TMPDIR/remarks
  : >"$told"
  slickq daemon events -f "$@" >"$told" 2>"$remarks" &
  follower=$!
  pids+=("$follower")
}
# Its exit code.
end_of_follower() {
  status=0
  wait "$follower" || status=$?
}

@test "one line for each event: when, what, which queue, details" {
  events "$FOUR" ''
  try slickq daemon events
  expect_status 0
  expect "$output" "2026-01-31T12:00:01.000Z  created         ticks    geometry g
2026-01-31T12:00:02.000Z  created         ticks@c  cursor 0
2026-01-31T12:00:03.000Z  reload_ok       -
2026-01-31T12:00:04.000Z  stall           trades   index 3, age ms 2000, owner pid unknown"
  expect "$stderr" ""
}

@test "on a terminal times are ages, and what is bad is red" {
  events "$FOUR" ''
  try script -qec 'slickq daemon events -n 1' /dev/null
  expect_match "$output" $'*[0-9]d  \e[[]31mstall         \e[[]0m  trades  index 3, age 2s, owner pid unknown*'
}

@test "filters by queue (its cursors, too) and by kind; -n is the last of those" {
  events "$FOUR" ''
  numbers() { slickq daemon events --json "$@" | python3 -c 'import json,sys; print(*(json.loads(l)["seq"] for l in sys.stdin))'; }
  expect "$(numbers)" "1 2 3 4"
  expect "$(numbers -n 2)" "3 4"
  expect "$(numbers -n 0)" ""
  expect "$(numbers --queue ticks)" "1 2"
  expect "$(numbers --queue /ticks -n 1)" "2"
  expect "$(numbers --queue ticks@c)" "2"
  expect "$(numbers --queue tick)" ""
  expect "$(numbers --kind created --kind stall)" "1 2 4"
  expect "$(numbers --kind created --queue trades)" ""
  expect "$(slickq daemon events --json -n 1 | json "d['schema'], d['event'], d['queue']")" \
    "('slickq.daemon-events/1', 'stall', 'trades')"
}

@test "a kind that does not exist, or a bad name, is a usage error" {
  try slickq daemon events --kind stal
  expect_error 2 $'slickq: daemon events: --kind: stal: no kind of event\n  did you mean stall?'
  try slickq daemon events --kind nonsense
  expect_error 2 "slickq: daemon events: --kind: nonsense: no kind of event*kinds are created, *"
  try slickq daemon events --queue ''
  expect_status 2
  try slickq daemon events -n x
  expect_status 2
}

@test "what the daemon does not remember any more is said, when it was asked for" {
  events "[$(event 8 created q),$(event 9 stall q)]" ''
  try slickq daemon events
  expect "$stderr" "-- 7 events before these: slickqd does not remember them"
  try slickq daemon events -n 2
  expect "$stderr" ""
  try slickq daemon events -n 3
  expect_match "$stderr" "-- 7 events *"
}

@test "no daemon is 3; an answer that is no list, or a refusal, is 1" {
  for flag in "" -f; do
    # shellcheck disable=SC2086
    try slickq daemon events $flag
    expect_error 3 "slickq: daemon events: $SLICKQD_SOCKET: no daemon answers: *slickqd*"
  done
  try slickq daemon plan
  expect_error 3 "slickq: daemon plan: $SLICKQD_SOCKET: no daemon answers: *"
  python3 "$BATS_TEST_DIRNAME/fake_daemon.py" "$SLICKQD_SOCKET" 503 '{"error":"too many"}' /dev/null &
  pids+=($!)
  wait_until test -S "$SLICKQD_SOCKET"
  for flag in "" -f; do
    # shellcheck disable=SC2086
    try slickq daemon events $flag
    expect_error 1 "slickq: daemon events: *HTTP 503: too many*"
  done
}

@test "following goes on behind the list, without twice the same" {
  events "$FOUR" "$(event 3 reload_ok)
$(event 4 stall trades)
$(event 5 loss trades)
$(event 6 loss other)
"
  try slickq daemon events -f -n 1 --queue trades --json
  expect_status 1
  expect "$(wc -l <<<"$output")" 2
  expect_match "$output" $'*"seq":4,*\n*"seq":5,*'
  expect "$stderr" "slickq: daemon events: $SLICKQD_SOCKET: slickqd has ended
  its log says more, for example: journalctl -u slickqd"
}

@test "who was dropped goes on where he was, and what is missing is said" {
  events "$FOUR" "$(event 5 loss q)
" "$(event 4 stall trades)
$(event 5 loss q)
$(event 6 loss q)
" "$(event 10 loss q)
$(event 11 loss q)
"
  try slickq daemon events -f -n 0
  expect_status 1
  expect "$(cut -c 18-19 <<<"$output" | xargs)" "05 06 10 11"
  expect_match "$stderr" "-- 3 events dropped: *slickqd has ended*"
  rm -f "$SLICKQD_SOCKET"
  events "$FOUR" "$(event 9 loss q)
"
  try slickq daemon events -f -n 0 --json
  expect_match "${lines[0]}" '{"schema":"slickq.daemon-events/1","dropped":4}'
  expect_match "${lines[1]}" '*"seq":9,*'
}

@test "a real daemon's events, as they happen; Ctrl-C ends with 0" {
  start_slickqd '[{"name":"ticks","size":8,"elem":8},{"name":"trades","size":8,"elem":8}]'
  expect "$(slickq daemon events | awk '{ print $2, $3 }')" $'created ticks\ncreated trades'
  follow -n 1 --queue trades --queue none
  wait_until grep -q created "$told"
  rm "$SLICKQ_SHM_DIR/ticks" "$SLICKQ_SHM_DIR/trades"
  wait_until grep -q vanished "$told"
  slickq daemon reload
  wait_until sh -c 'tail -n +3 "$1" | grep -q "created.*trades"' sh "$told"
  kill -INT "$follower"
  end_of_follower
  expect_status 0
  expect "$(awk '{ print $2, $3 }' "$told")" $'created trades\nvanished trades\ncreated trades'
  expect "$(cat "$remarks")" ""
}

@test "the end of a real daemon ends what follows it, however it ends" {
  for signal in TERM KILL; do
    start_slickqd '[{"name":"q","size":8,"elem":8}]'
    follow
    wait_until grep -q 'q ' "$told"
    kill -$signal "$slickqd"
    end_of_follower
    expect_status 1
    expect_match "$(cat "$remarks")" "slickq: daemon events: $SLICKQD_SOCKET: slickqd has ended*"
  done
}

@test "a reader that goes away ends it quietly, also while nothing happens" {
  start_slickqd '[{"name":"q","size":8,"elem":8}]'
  run bash -c 'slickq daemon events -f | head -n 1; echo "${PIPESTATUS[0]}"'
  expect_match "$output" $'*created *q *\n0'
}

@test "plan tells what a reload would do, and nothing is done" {
  start_slickqd '[{"name":"q","size":8,"elem":8,"cursors":["c"]},{"name":"left","size":8,"elem":8}]'
  configure '[{"name":"q","size":8,"elem":8,"cursors":["c"]},{"name":"new","size":8,"elem":8}]'
  try slickq daemon plan
  expect_status 0
  expect "$(awk '{ print $1, $2 }' <<<"$output")" $'keep q\nkeep q@c\ncreate new\nforget left'
  expect_match "$output" "*create  new   slq1, 8 elements of 8 bytes, *"
  expect "$(slickq daemon plan --json | json "d['schema'], d['ok'], d['steps'][2]['action'], d['steps'][2]['name']")" \
    "('slickq.daemon-plan/1', True, 'create', 'new')"
  expect "$(slickq list --names | xargs)" "left q"
  expect "$(slickq daemon events --kind reload_ok)" ""
  slickq daemon reload
  expect "$(slickq daemon plan | awk '{ print $1, $2 }')" $'keep q\nkeep q@c\nkeep new'
}

@test "a plan that would be refused is 1, with the words of the reload and what it would do otherwise" {
  start_slickqd '[]'
  make_queue taken --size 16 --elem 8
  configure '[{"name":"a","size":8,"elem":8},{"name":"taken","size":8,"elem":8}]'
  try slickq daemon plan
  expect_status 1
  expect "$(awk '{ print $1, $2 }' <<<"$output")" $'create a\nrefused taken'
  expect_match "$stderr" "slickq: daemon plan: $BATS_TEST_TMPDIR/slickqd.json:1:*: /queues/1: *: a reload would be refused*"
  planned=${stderr%%: a reload*}
  try slickq daemon reload
  expect_status 1
  expect "${stderr%%: reload refused*}" "${planned/daemon plan/daemon reload}"
  try slickq daemon plan --json
  expect_status 1
  expect "$(json "d['ok'], d['pointer'], [s['action'] for s in d['steps']]" <<<"$output")" \
    "(False, '/queues/1', ['create', 'refused'])"
}
