# Reading: dump and tail, of live queues and of files.
load common

setup() {
  pids=()
  SLICKQ_SHM_DIR=$(mktemp -d "/dev/shm/slickq-test-$$-XXXXXX")
  export SLICKQ_SHM_DIR
  slickq create q --size 8 --elem 8 >/dev/null
}

@test "dump prints what is in the ring, from where it is told" {
  slickq push -q q -m a -m b -m c
  expect "$(slickq dump q --format text)" $'a\nb\nc'
  expect "$(slickq dump q --format text --from begin -n 2)" $'a\nb'
  expect "$(slickq dump q --format text --from -1)" c
  expect "$(slickq dump q --format text --from 1)" $'b\nc'
  expect "$(slickq dump q --format text --from end)" ""
}

@test "the formats are hex, text, raw and base64" {
  slickq push -q q -m 'hi there'
  expect "$(slickq dump q)" "$(printf '%s\n' '#0  1 element, 8 bytes' \
    '  00000000  68 69 20 74 68 65 72 65                           |hi there|')"
  expect "$(slickq dump q --format raw)" "hi there"
  expect "$(slickq dump q --format base64)" "aGkgdGhlcmU="
  try slickq dump q --format hexx
  expect_error 2 "slickq: dump: --format: 'hexx' is not a format*did you mean hex?"
}

@test "hex lines that repeat are folded" {
  make_queue wide --size 2 --elem 64
  slickq push -q wide -m x
  try slickq dump wide
  expect "${#lines[@]}" 5
  expect "${lines[3]}" "  *"
  expect "${lines[4]}" "  00000040"
}

@test "a template prints exactly what it says" {
  slickq push -q q -m a -m b
  expect "$(slickq dump q -f '%i:%n:%l:%s:%x%%\n')" $'0:1:8:a:6100000000000000%\n1:1:8:b:6200000000000000%'
  expect "$(slickq tail q --template '%s,')" "a,b,"
}

@test "records go in by --pack and come out by --unpack" {
  make_queue r --size 8 --elem 24
  slickq push -q r --pack '<qd8s' -5 2.5 hello
  expect "$(slickq dump r --unpack '<qd8s')" "0 -5 2.5 hello"
  expect "$(slickq dump r --unpack '<qd8s' --json | json "d['values']")" "[[-5, 2.5, 'hello']]"
  expect "$(slickq dump r --format raw | python3 -c 'import struct,sys
print(struct.unpack("<qd8s", sys.stdin.buffer.read()))')" "(-5, 2.5, b'hello\\x00\\x00\\x00')"
  try slickq dump q --unpack '<qd8s'
  expect_error 2 "slickq: dump: --unpack: a record has 24 bytes, an element of this queue only 8"
}

@test "dump --json is one object a line: index, count, bytes, data_hex" {
  slickq push -q q -m a -m b
  expect "$(slickq dump q --json)" \
    $'{"index":0,"count":1,"bytes":8,"data_hex":"6100000000000000"}\n{"index":1,"count":1,"bytes":8,"data_hex":"6200000000000000"}'
}

@test "dump goes over a hole and tells it" {
  cp "$GOLDEN_DIR/cpp-1.4.0/hole.bin" "$SLICKQ_SHM_DIR/hole"
  try slickq dump hole -f '%i '
  expect_status 0
  expect "$output" "0 1 3 4 5 "
  expect "$stderr" "-- hole 2..2: reserved, not published; a reader waits there"
  try slickq dump hole -q --template '%i '
  expect "$stderr" ""
}

@test "with --json a hole and a reset are lines of their own among the items" {
  cp "$GOLDEN_DIR/cpp-1.4.0/hole.bin" "$SLICKQ_SHM_DIR/hole"
  kinds() { json_lines "'reset' if 'reset' in d else d.get('index', (d.get('missing'), d.get('first_missing'), d.get('last_missing')))"; }
  for verb in "dump hole" "tail hole -n 10"; do
    # shellcheck disable=SC2086
    try slickq $verb --json
    expect "$stderr" ""
    expect "$(kinds <<<"$output")" $'0\n1\n(1, 2, 2)\n3\n4\n5'
  done
  slickq push -q q -m a
  slickq tail q -f --from begin --json >"$BATS_TEST_TMPDIR/out" &
  pids+=($!)
  wait_until grep -q '"index":0' "$BATS_TEST_TMPDIR/out"
  slickq reset -q --force q
  wait_until grep -q reset "$BATS_TEST_TMPDIR/out"
  slickq push -q q -m b
  wait_until grep -q 62000000 "$BATS_TEST_TMPDIR/out"
  expect "$(kinds <"$BATS_TEST_TMPDIR/out")" $'0\nreset\n0'
}

@test "a file with a segment's bytes is read like a queue" {
  slickq push -q q -m a
  cp "$SLICKQ_SHM_DIR/q" "$BATS_TEST_TMPDIR/saved"
  slickq push -q q -m b
  expect "$(slickq dump "$BATS_TEST_TMPDIR/saved" --format text)" a
  expect "$(slickq tail --file "$BATS_TEST_TMPDIR/saved" --format text)" a
  (cd "$BATS_TEST_TMPDIR" && slickq inspect ./saved && slickq verify --file saved)
  try slickq dump q --file "$BATS_TEST_TMPDIR/saved"
  expect_status 2
}

@test "tail prints the last ten, or as many as told" {
  make_queue big --size 64 --elem 8
  seq 30 | slickq push -q big
  expect "$(slickq tail big --format text | tr '\n' ' ')" "21 22 23 24 25 26 27 28 29 30 "
  expect "$(slickq tail big --format text -n 2 | tr '\n' ' ')" "29 30 "
  expect "$(slickq tail big --format text -n 2 --from 5 | tr '\n' ' ')" "6 7 "
  expect "$(slickq tail big --format text --from begin | wc -l)" 30
}

@test "tail -f prints what comes, and SIGINT ends it with 0" {
  slickq push -q q -m before
  slickq tail -f q --format text >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &
  local pid=$!
  pids+=("$pid")
  wait_until grep -q before "$BATS_TEST_TMPDIR/out"
  slickq push -q q -m after
  wait_until grep -q after "$BATS_TEST_TMPDIR/out"
  kill -INT "$pid"
  wait "$pid"
  expect "$(cat "$BATS_TEST_TMPDIR/err")" ""
}

@test "tail -f keeps the order and loses nothing of a producer that is slow enough" {
  make_queue big --size 1024 --elem 8
  slickq tail -f big --from begin -n 500 --format text >"$BATS_TEST_TMPDIR/out" &
  local pid=$!
  pids+=("$pid")
  seq 500 | slickq push -q big
  wait "$pid"
  expect "$(cat "$BATS_TEST_TMPDIR/out")" "$(seq 500)"
}

@test "tail never writes: read permission is enough and the bytes stay" {
  slickq push -q q -m a
  chmod 444 "$SLICKQ_SHM_DIR/q"
  before=$(sha256sum <"$SLICKQ_SHM_DIR/q")
  slickq tail q --timeout 50ms
  expect "$(sha256sum <"$SLICKQ_SHM_DIR/q")" "$before"
}

@test "a time-out is 5 when nothing came, and 0 when something did" {
  try slickq tail -f q --timeout 50ms
  expect_error 5 "slickq: tail: q: nothing came in time, 0 items printed"
  slickq push -q q -m a
  try slickq tail q --timeout 50ms --format text
  expect_status 0
  try slickq tail q --timeout 50ms --from begin -n 2 --format text
  expect_status 5
  expect "$output" a
}

@test "an index that is not reserved yet is told, and is the end" {
  slickq push -q q -m a -m b
  told="-- q: index 3 is ahead of the queue: reading from its end, 2"
  try slickq dump q --from 3
  expect_status 0
  expect "$output$stderr" "$told"
  try slickq dump q --from 2
  expect "$output$stderr" ""
  try slickq record q --from 3 -e -o "$BATS_TEST_TMPDIR/capture"
  expect_match "$stderr" "$told*"
  slickq tail -f q --from 3 --format text -n 1 >"$BATS_TEST_TMPDIR/tailed" 2>&1 &
  tail=$!
  pids+=($tail)
  wait_until grep -q ahead "$BATS_TEST_TMPDIR/tailed"
  slickq push -q q -m c -m d
  wait "$tail"
  expect "$(cat "$BATS_TEST_TMPDIR/tailed")" "$told"$'\nc'
}

@test "-e stops at the end even with -f" {
  slickq push -q q -m a
  expect "$(slickq tail -f -e q --format text)" a
}

@test "loss is told inline, and --fail-on-loss makes it 5" {
  seq 20 | slickq push -q q
  try slickq tail q --from 4 --format text
  expect_status 0
  expect_match "$stderr" "-- lost * elements (4..*)"
  try slickq tail q --from 4 --fail-on-loss
  expect_error 5 "-- lost * elements (4..*)"
}

@test "with --json loss is a line of its own among the items" {
  seq 20 | slickq push -q q
  first=$(slickq tail q --from 4 --json | head -n 1)
  expect "$(json "sorted(d), d['first_lost'], d['lost'] == d['last_lost'] - 3" <<<"$first")" \
    "(['first_lost', 'last_lost', 'lost'], 4, True)"
  expect "$(slickq tail q --from 4 --json | json_indexes | head -n 2)" \
    "$(json "str(d['last_lost'] + 1) + chr(10) + str(d['last_lost'] + 2)" <<<"$first")"
}

# EXPRESSION of `d`: its value for each line.
json_lines() {
  python3 -c 'import json,sys
for line in sys.stdin:
    d = json.loads(line)
    print('"$1"')'
}
json_indexes() {
  python3 -c 'import json,sys
for line in sys.stdin:
    item = json.loads(line)
    if "index" in item: print(item["index"])'
}

@test "tail -f ends with 3 when the queue is removed" {
  slickq tail -f q 2>"$BATS_TEST_TMPDIR/err" &
  local pid=$!
  pids+=("$pid")
  wait_until catches_interrupts "$pid"  # it has opened the queue before
  rm "$SLICKQ_SHM_DIR/q"
  wait "$pid" || code=$?
  expect "$code" 3
  expect_match "$(cat "$BATS_TEST_TMPDIR/err")" "slickq: tail: q: was removed*"
}

@test "text for a terminal holds no control characters of the payload" {
  slickq push -q q -m $'a\e[31m'
  try script -qec 'slickq dump q --format text' /dev/null
  expect_match "$output" 'a?\[31m*'
}

@test "inspect --slots lists every slot and what it means" {
  cp "$GOLDEN_DIR/cpp-1.4.0/wrap-marker.bin" "$SLICKQ_SHM_DIR/w"
  try slickq inspect w --slots
  expect_status 0
  expect_match "$output" "*jump marker*"
  expect "$(slickq inspect w --slots --json | json "len(d['slots']) == d['capacity']")" True
}

@test "tail -f ends when its reader has gone, though nothing more comes" {
  slickq push -q q -m a
  for follow in "tail -f q --format text" "watch --interval 60s" "list -w 60"; do
    # shellcheck disable=SC2086
    timeout 20 bash -c "slickq $follow | head -1" >/dev/null
  done
}

@test "a time-out is a failure unless what was waited for came" {
  slickq push -q q -m a -m b
  for wanted in "-n 2 0" "-n 3 5" "-n 0 5" "--from 0 0" "--from begin -n 2 0" "--from begin -n 3 5" "--from end 5"; do
    # shellcheck disable=SC2086
    try slickq tail q --timeout 50ms ${wanted% *}
    expect_status "${wanted##* }"
  done
  try slickq tail q --timeout 50ms --format text -n 3
  expect_status 5
  expect "$output" $'a\nb'
  expect "$stderr" "slickq: tail: q: too few came in time, 2 items printed"
}

@test "a hole before the oldest item is told by all who read from the beginning" {
  hole=$GOLDEN_DIR/cpp-1.2.3/hole-at-wrap.bin
  try slickq dump "$hole"
  expected=$(grep -o 'hole [0-9]*\.\.[0-9]*' <<<"$stderr")
  [ -n "$expected" ]
  try slickq tail "$hole" --from begin
  expect_match "$stderr" "*$expected*"
  try slickq record "$hole" --from begin -o "$BATS_TEST_TMPDIR/capture"
  expect_match "$stderr" "*$expected*"
}
