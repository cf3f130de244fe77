# slickq daemon status|reload against a socket that answers as slickqd does.
load common

setup() {
  pids=()
  SLICKQ_SHM_DIR=$(mktemp -d "/dev/shm/slickq-test-$$-XXXXXX")
  export SLICKQ_SHM_DIR
  export SLICKQD_SOCKET="$SLICKQ_SHM_DIR/socket"
}

# HTTP-STATUS JSON [SECONDS]: one answer for every request, after that time; the request lines go to
# $BATS_TEST_TMPDIR/requests
answer() {
  python3 "$BATS_TEST_DIRNAME/fake_daemon.py" "$SLICKQD_SOCKET" "$1" "$2" "$BATS_TEST_TMPDIR/requests" "${3:-0}" &
  pids+=($!)
  wait_until test -S "$SLICKQD_SOCKET"
}

STATUS='{"schema":"slickqd.status/1","version":"0.1.0","pid":42,"started":"then","interval_ms":1000,"rounds":7,
  "config":{"file":"/etc/q.json","loaded":"then","last_reload_ok":true,"last_error":null},
  "queues":[{"name":"ticks","state":"ok","layout":"slq1","capacity":8,"element_size":16,"reserved_index":5,
  "published_index":4,"gap":1,"holes":[{"index":4,"next":5}],"published_per_s":2.5,"holders":2,"cursors":[]}],
  "orphans":[{"name":"job-1"}]}'

@test "status prints a table of the queues" {
  answer 200 "$STATUS"
  try slickq daemon status
  expect_status 0
  expect_match "${lines[0]}" "slickqd 0.1.0, pid 42, *"
  expect_match "$output" "*name *state *layout *capacity *"
  expect "$(grep ^ticks <<<"$output" | tr -s ' ')" "ticks ok slq1 8 16 5 4 1 1 2.5 2 0"
  expect_match "$output" "*orphan job-1"
  expect "$(cat "$BATS_TEST_TMPDIR/requests")" "GET /v1/status"
}

@test "status calls an orphan only what is due" {
  answer 200 '{"orphans":[{"name":"a","held":false,"due":true,"idle_ms":9000},
    {"name":"b","held":true,"due":false,"idle_ms":0},{"name":"c","held":false,"due":false,"idle_ms":1200}]}'
  try slickq daemon status
  expect_status 0
  expect "$(tail -n 3 <<<"$output")" $'orphan a\nin use, else an orphan: b\nperhaps an orphan: c, idle 1200 ms'
}

@test "status --json is the daemon's object" {
  answer 200 "$STATUS"
  expect "$(slickq daemon status --json | json "d['schema'], d['queues'][0]['name']")" "('slickqd.status/1', 'ticks')"
}

@test "a reload that is accepted is 0" {
  answer 200 '{"ok":true}'
  try slickq daemon reload
  expect_status 0
  expect "$output" reloaded
  expect "$(cat "$BATS_TEST_TMPDIR/requests")" "POST /v1/reload"
}

@test "a reload that is refused is 1, with the place of the mistake" {
  answer 422 '{"ok":false,"error":"unknown key","file":"/etc/q.json","line":3,"column":5,"pointer":"/queuez"}'
  try slickq daemon reload
  expect_error 1 "slickq: daemon reload: /etc/q.json:3:5: unknown key: *old configuration*"
  try slickq daemon reload --json
  expect_status 1
  expect "$(json "d['ok'], d['line']" <<<"$output")" "(False, 3)"
}

@test "a configuration that cannot be read has no line to name" {
  answer 422 '{"ok":false,"error":"cannot open: No such file","file":"/etc/q.json","line":0,"column":0,"pointer":""}'
  try slickq daemon reload
  expect_error 1 "slickq: daemon reload: /etc/q.json: cannot open: No such file: reload refused, *"
}

@test "a daemon that is stopped is waited for, and said" {
  answer 200 "$STATUS"
  kill -STOP "${pids[-1]}"
  try slickq daemon status
  expect_error 1 "slickq: daemon status: $SLICKQD_SOCKET: *the daemon does not answer*is it stopped*"
}

@test "a reload is waited for as long as its daemon lives" {
  answer 200 '{"ok":true}' 3600
  slickq daemon reload >"$BATS_TEST_TMPDIR/told" 2>&1 &
  client=$!
  wait_until grep -qs reload "$BATS_TEST_TMPDIR/requests"
  kill -KILL "${pids[-1]}"
  status=0
  wait "$client" || status=$?
  expect_status 1
  expect_match "$(cat "$BATS_TEST_TMPDIR/told")" "slickq: daemon reload: $SLICKQD_SOCKET: read the answer: *"
}

@test "no daemon is 3, with the socket that was tried" {
  try slickq daemon status
  expect_error 3 "slickq: daemon status: $SLICKQD_SOCKET: no daemon answers: No such file or directory*slickqd*"
  try slickq daemon reload --socket "$SLICKQ_SHM_DIR/other"
  expect_error 3 "slickq: daemon reload: $SLICKQ_SHM_DIR/other: no daemon answers*"
  : >"$SLICKQ_SHM_DIR/file"
  try slickq daemon status --socket "$SLICKQ_SHM_DIR/file"
  expect_error 3 "slickq: daemon status: *no daemon answers: Connection refused*"
  try slickq daemon status --socket "/$(printf 'x%.0s' {1..200})"
  expect_status 2
}

@test "answers that are no slickqd's, or refuse, are errors" {
  answer 200 'hello'
  try slickq daemon status
  expect_error 1 "slickq: daemon status: *not a JSON object*"
  kill "${pids[-1]}"
  rm "$SLICKQD_SOCKET"
  answer 403 '{"error":"not allowed"}'
  try slickq daemon reload
  expect_error 4 "slickq: daemon reload: *HTTP 403: not allowed*"
}
