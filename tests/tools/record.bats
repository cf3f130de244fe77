# slickq record and replay: into a capture, through tshark, and back into a queue.
load common

# FIELD...: of each packet, tab-separated, as Wireshark's own library reads them.
packets() {  # FILE FIELD...
  local file=$1 fields=()
  shift
  for field in "$@"; do fields+=(-e "$field"); done
  tshark -n -r "$file" -T fields "${fields[@]}" 2>"$BATS_TEST_TMPDIR/tshark.err"
}

# Starts in the background with its pid in $recorder; the summary goes to $summary.
start_record() {
  summary=$BATS_TEST_TMPDIR/summary
  slickq record "$@" >"$summary" 2>"$summary.err" &
  recorder=$!
  pids+=("$recorder")
}
# Until the capture says that the recorder has opened its queues.
record_in_background() {  # FILE QUEUE...
  local file=$1
  start_record "${@:2}" -o "$file"
  wait_until test -s "$file"
}
stop_record() {
  kill -INT "$recorder"
  wait "$recorder"
}

# Is what nobody reads from descriptor 9 as much as a pipe holds?
pipe_is_full() {
  python3 -c 'import fcntl, struct, sys, termios
sys.exit(struct.unpack("i", fcntl.ioctl(9, termios.FIONREAD, bytes(4)))[0] < 61440)'
}

setup() {
  pids=()
  SLICKQ_SHM_DIR=$(mktemp -d "/dev/shm/slickq-test-$$-XXXXXX")
  export SLICKQ_SHM_DIR
  cd "$BATS_TEST_TMPDIR"
}

@test "tshark lists what was recorded: queue, index, payload, in the order of time" {
  make_queue ticks --size 16 --elem 8
  make_queue trades --size 16 --elem 4 --layout slq0
  slickq push -q ticks -m first -m second
  slickq push -q trades -m abcd
  try slickq record ticks trades -e -o c.pcapng
  expect_status 0
  expect "$output" $'recorded 2 items of ticks, indexes 0 to 1, 0 elements lost
recorded 1 item of trades, indexes 0 to 0, 0 elements lost'
  expect "$stderr" ""
  expect "$(packets c.pcapng frame.interface_name frame.interface_description frame.packet_id frame.len data.data)" \
    "$(printf '%s\t%s\t%s\t%s\t%s\n' \
      ticks 'slq1, 16 elements of 8 bytes' 0 8 6669727374000000 \
      ticks 'slq1, 16 elements of 8 bytes' 1 8 7365636f6e640000 \
      trades 'slq0, 16 elements of 4 bytes' 0 4 61626364)"
  # Nanoseconds of this day, never backwards.
  packets c.pcapng frame.time_epoch | python3 -c '
import sys, time
times = [float(line) for line in sys.stdin]
assert times == sorted(times) and all(abs(t - time.time()) < 600 for t in times), times'
}

@test "replayed into a fresh queue it is the same stream, byte for byte, on every layout" {
  for layout in slq1 slq0 packed wide; do
    make_queue "from-$layout" --size 1024 --elem 16 --layout "$layout"
    make_queue "to-$layout" --size 1024 --elem 16 --layout "$layout"
    head -c 8000 /dev/urandom >payload
    slickq push -q "from-$layout" --raw --file payload
    slickq record -q "from-$layout" -e -o "$layout.pcapng"
    try slickq replay "$layout.pcapng" --to "to-$layout" --speed max
    expect_status 0
    expect "$output" "pushed 500 items to to-$layout, indexes 0 to 499"
    slickq dump "to-$layout" --format raw | cmp - payload
  done
}

@test "items of several elements, holes and the end of the ring: files of real segments, too" {
  for segment in "$GOLDEN_DIR"/cpp-1.4.0/*.bin; do
    name=$(basename "$segment")
    slickq record -q "$segment" -e -o c.pcapng --force
    size=$(slickq inspect "$segment" --json | json "d['capacity'], d['element_size'], d['items_per_slot']")
    read -r capacity elem per_slot <<<"${size//[(),]/}"
    make_queue "$name" --size $((capacity * 4)) --elem "$elem" --items-per-slot "$per_slot"
    slickq replay -q c.pcapng --speed max
    expect "$(slickq dump -q "$name" -f '%n %x')" "$(slickq dump -q "$segment" -f '%n %x')"
  done
}

@test "what was lost is counted, in the file, in the summary and by the exit code" {
  make_queue q --size 8 --elem 4
  record_in_background c.pcapng q --fail-on-loss
  slickq push -q q -m a
  wait_until grep -q a c.pcapng
  kill -STOP "$recorder"
  seq 100 | slickq push -q q
  kill -CONT "$recorder"
  slickq push -q q -m last
  wait_until grep -q last c.pcapng
  kill -INT "$recorder"
  status=0
  wait "$recorder" || status=$?
  expect "$status" 5
  read -r _ items _ _ _ _ first _ last lost _ <<<"$(<"$summary")"
  expect "$first ${last%,}" "0 101"
  expect $((items + lost)) 102
  [ "$lost" -ge 90 ]
  expect "$(packets c.pcapng frame.drop_count | awk '{ sum += $1 } END { print sum }')" "$lost"
  expect_match "$(packets c.pcapng frame.comment)" "*elements lost, 1..*: overwritten before they were recorded*"
  make_queue fresh --size 256 --elem 4
  try slickq replay c.pcapng --to fresh --speed max
  expect "$stderr" "-- q: $lost elements lost when it was recorded"
}

@test "a million a second: nothing goes missing without being counted" {
  make_queue q --size 262144 --elem 64
  record_in_background c.pcapng q --json
  yes 'a tick, as long as a cache line, as ticks often are, and so on' | head -1000000 |
    slickq push -q q --rate 1000000
  slickq push -q q -m "that was all"
  wait_until sh -c 'tail -c 4096 c.pcapng | grep -q "that was all"'
  stop_record
  expect "$(json "d['queues'][0]['items'] + d['queues'][0]['lost'], d['queues'][0]['last_index']" <"$summary")" \
    "(1000001, 1000000)"
  echo "# lost $(json "d['queues'][0]['lost']" <"$summary") of 1000001" >&3
}

@test "killed, the file is readable to its last whole packet" {
  make_queue q --size 16 --elem 8
  record_in_background c.pcapng q
  slickq push -q q -m one -m two -m three
  wait_until grep -q three c.pcapng
  kill -9 "$recorder"
  wait "$recorder" || true
  expect "$(packets c.pcapng frame.packet_id)" $'0\n1\n2'
  head -c -4 c.pcapng >cut.pcapng
  expect "$(packets cut.pcapng frame.packet_id)" $'0\n1'
  make_queue fresh --size 16 --elem 8
  try slickq replay cut.pcapng --to fresh
  expect_status 0
  expect "$output" "pushed 2 items to fresh, indexes 0 to 1"
  expect "$stderr" "-- cut.pcapng: cut off in the middle of a record; all before it was pushed"
}

@test "a full disk loses what does not fit, and no more" {
  make_queue q --size 16384 --elem 64
  yes full | head -16384 | slickq push -q q
  try bash -c 'trap "" XFSZ; ulimit -f 1000; exec slickq record q -e -o c.pcapng'
  expect_status 1
  expect_match "$stderr" "slickq: record: c.pcapng: write: File too large*what was written before is whole, and readable"
  [ "$(stat -c %s c.pcapng)" -le 1024000 ]
  packets c.pcapng frame.packet_id >ids
  seq 0 $(($(wc -l <ids) - 1)) | cmp - ids
  [ -s ids ]
  expect "$(<"$BATS_TEST_TMPDIR/tshark.err")" "$(grep '^Running as' "$BATS_TEST_TMPDIR/tshark.err" || true)"
}

@test "record changes nothing: read permission is enough, no mapping, not a byte" {
  [ "$(id -u)" = 0 ] || skip "becoming another user takes root"
  chmod 755 "$SLICKQ_SHM_DIR"
  chmod 777 "$BATS_TEST_TMPDIR"
  make_queue q --size 16 --elem 8 --mode 0444
  slickq push -q q -m a -m b
  before=$(sha256sum "$SLICKQ_SHM_DIR/q")
  # Leaks cannot be looked for in a process that is traced; the other tests do.
  ASAN_OPTIONS=detect_leaks=0 try setpriv --reuid=nobody --regid=nogroup --clear-groups \
    strace -f -e trace=mmap,openat,ftruncate,fallocate,pwrite64 -o calls "$(command -v slickq)" record q -e -o -
  expect_status 0
  expect "$(sha256sum "$SLICKQ_SHM_DIR/q")" "$before"
  fd=$(sed -n 's|.*openat(.*/q", O_RDONLY.*= \([0-9]*\)$|\1|p' calls | tail -n 1)
  [ -n "$fd" ]
  expect "$(grep -E "mmap\(.*MAP_SHARED.*, $fd, |ftruncate\($fd|fallocate\($fd|pwrite64\($fd" calls || true)" ""
  expect "$(grep "/q\", O_\(RDWR\|WRONLY\)" calls || true)" ""
}

@test "where it begins and ends: --from, -n, --duration, -e" {
  make_queue q --size 16 --elem 8
  seq 5 | slickq push -q q
  slickq record -q q -e -o all.pcapng
  expect "$(packets all.pcapng frame.packet_id | tr '\n' ' ')" "0 1 2 3 4 "
  slickq record -q q --from -2 -e -o back.pcapng
  expect "$(packets back.pcapng frame.packet_id | tr '\n' ' ')" "3 4 "
  slickq record -q q --from 1 -n 2 -o some.pcapng
  expect "$(packets some.pcapng frame.packet_id | tr '\n' ' ')" "1 2 "
  slickq record -q q --duration 1s -o none.pcapng
  expect "$(packets none.pcapng frame.packet_id)" ""
  expect "$(slickq record q --from begin --duration 2s -o timed.pcapng)" \
    "recorded 5 items of q, indexes 0 to 4, 0 elements lost"
}

@test "a dead producer's hole is walked over, and told" {
  make_queue q --size 16 --elem 8
  slickq push -q q -m a
  start_stuck q 2
  kill_stuck
  slickq push -q q -m b
  try slickq record q -e -o c.pcapng
  expect "$output" "recorded 2 items of q, indexes 0 to 3, 0 elements lost, 1 hole walked over"
  expect "$stderr" "-- q: hole 1..2: reserved, not published; walked over"
  expect "$(packets c.pcapng frame.packet_id frame.comment)" $'0\t\n3\thole 1..2: reserved, not published'
  start_record q --from begin -n 2 -o live.pcapng
  wait "$recorder"
  expect "$(packets live.pcapng frame.packet_id)" $'0\n3'
}

@test "a queue that is removed, or reset, while it is recorded" {
  make_queue a --size 16 --elem 8
  make_queue b --size 16 --elem 8
  record_in_background c.pcapng a b
  slickq push -q a -m kept
  slickq push -q b -m before
  wait_until grep -q before c.pcapng
  slickq reset b --force >/dev/null
  rm "$SLICKQ_SHM_DIR/a"
  wait_until grep -q "the queue was reset" "$summary.err"
  slickq push -q b -m after
  wait_until grep -q after c.pcapng
  kill -INT "$recorder"
  status=0
  wait "$recorder" || status=$?
  expect "$status" 3
  expect_match "$(<"$summary.err")" "*slickq: record: a: was removed, or made anew, while it was recorded*"
  expect "$(packets c.pcapng frame.interface_name frame.packet_id frame.comment)" \
    "$(printf '%s\t%s\t%s\n' a 0 '' b 0 '' b 0 'the queue was reset')"
}

@test "a queue that is truncated while it is recorded is damaged; what was read of it before is in the capture" {
  make_queue q --size 1024 --elem 64
  record_in_background c.pcapng q
  slickq push -q q -m kept
  wait_until grep -q kept c.pcapng
  truncate -s 100 "$SLICKQ_SHM_DIR/q"
  status=0
  wait "$recorder" || status=$?
  expect "$status" 6
  expect_match "$(<"$summary.err")" "slickq: record: q: *truncated*"
  expect "$(packets c.pcapng frame.packet_id frame.comment)" $'0\t'
}

@test "into a pipe, and a named pipe" {
  make_queue q --size 16 --elem 8
  slickq push -q q -m piped
  expect "$(slickq record q -e -o - 2>note | tshark -n -r - -T fields -e data.data 2>/dev/null)" 7069706564000000
  expect "$(<note)" "recorded 1 item of q, indexes 0 to 0, 0 elements lost"
  mkfifo pipe
  tshark -n -r pipe -T fields -e data.data >got 2>/dev/null &
  slickq record -q q -e -o pipe
  wait "$!"
  expect "$(<got)" 7069706564000000
  # Its reader goes away: that ends it, quietly.
  try bash -c 'set -o pipefail; (slickq push -q q -m x; sleep 0.3; slickq push -q q -m y -m z) &
    timeout 20 slickq record q --from begin -o - | head -c 10 >/dev/null'
  expect "$stderr" ""
}

@test "mistakes of record are told before anything is written" {
  make_queue q --size 16 --elem 8
  try slickq record q
  expect_error 2 "slickq: record: -o: missing: which file to write?*"
  try slickq record q none -o c.pcapng
  expect_error 3 "slickq: record: none: no such segment*"
  try slickq record q /q -o c.pcapng
  expect_error 2 "slickq: record: /q: is named twice*"
  try slickq record -o c.pcapng
  expect_error 2 "slickq: record: QUEUE|FILE: missing*"
  for itself in "$SLICKQ_SHM_DIR/q" "$SLICKQ_SHM_DIR/other"; do
    [ -e "$itself" ] || make_queue other --size 16 --elem 8
    before=$(sha256sum "$itself")
    try slickq record q -e --force -o "$itself"
    expect_error 2 "slickq: record: $itself: is a queue, or a copy of one, and is not overwritten*"
    expect "$(sha256sum "$itself")" "$before"
  done
  try slickq record q -n 0 -o c.pcapng
  expect_error 2 "slickq: record: --count: '0' would record nothing"
  try slickq record q --json -o -
  expect_error 2 "slickq: record: --json: standard output is taken by the capture: -o -"
  [ ! -e c.pcapng ]
  echo mine >c.pcapng
  try slickq record q -e -o c.pcapng
  expect_error 7 "slickq: record: c.pcapng: is there already*--force*"
  expect "$(<c.pcapng)" mine
  slickq record -q q -e -o c.pcapng --force
  expect "$(packets c.pcapng frame.number)" ""
  try script -qec "slickq record q -e -o -" /dev/null
  expect_status 2
  expect_match "$output" "*-o: a terminal is no place for a capture*wireshark -k -i -*"
}

@test "replay keeps the pace, twice the pace, and says when it could not" {
  make_queue q --size 16 --elem 8
  record_in_background c.pcapng q
  slickq push -q q -m first
  sleep 1
  slickq push -q q -m second
  wait_until grep -q second c.pcapng
  stop_record
  took() { local begun=${EPOCHREALTIME/./}; "$@" >/dev/null; echo $(((${EPOCHREALTIME/./} - begun) / 1000)); }
  whole=$(took slickq replay c.pcapng)
  [ "$whole" -ge 1000 ]
  half=$(took slickq replay c.pcapng --speed 2)
  [ "$half" -ge 500 ]
  [ "$half" -le $((whole - 300)) ]
  [ "$(took slickq replay c.pcapng --speed max)" -le $((half - 200)) ]
  expect "$(slickq dump q --format text | tr '\n' ' ')" "first second first second first second first second "
  expect "$(slickq replay c.pcapng --speed max --json |
    json "d['schema'], d['passes'], d['cut_off'], [(q['name'], q['items'], q['bytes']) for q in d['queues']]")" \
    "('slickq.replay/1', 1, False, [('q', 2, 16)])"
}

@test "replay --loop goes on until Ctrl-C, and needs a file" {
  make_queue q --size 16 --elem 8
  slickq push -q q -m a -m b
  slickq record -q q -e -o c.pcapng
  make_queue fresh --size 16 --elem 8
  slickq replay c.pcapng --to fresh --speed max --loop >out &
  replay=$!
  pids+=("$replay")
  wait_until sh -c 'test "$(slickq inspect fresh --json | sed -n "s/.*\"reserved_index\": \([0-9]*\).*/\1/p")" -gt 10'
  kill -INT "$replay"
  wait "$replay"
  expect_match "$(<out)" "pushed * items to fresh, indexes 0 to *"
  try bash -c 'cat c.pcapng | slickq replay - --to fresh --loop'
  expect_error 2 "slickq: replay: standard input: cannot be read twice: it is no file*"
}

@test "several queues, other names, and what does not fit" {
  make_queue a --size 16 --elem 8
  make_queue b --size 16 --elem 4
  slickq push -q a -m one
  slickq push -q b -m two
  slickq record -q a b -e -o c.pcapng
  make_queue x --size 16 --elem 8
  make_queue y --size 16 --elem 4
  expect "$(slickq replay c.pcapng --to a=x --to b=y)" \
    $'pushed 1 item to x, indexes 0 to 0\npushed 1 item to y, indexes 0 to 0'
  expect "$(slickq dump x --format text) $(slickq dump y --format text)" "one two"
  try slickq replay c.pcapng --to x
  expect_error 2 "slickq: replay: --to: 'x' is one name; several queues were recorded*--to b=NAME for each"
  try slickq replay c.pcapng --to nobody=x
  expect_error 2 "slickq: replay: --to: nothing was recorded of 'nobody'"
  try slickq replay c.pcapng --to a=y
  expect_error 7 "slickq: replay: y: has elements of 4 bytes; what was recorded of a has 8*"
  try slickq replay c.pcapng --to a=none
  expect_error 3 "slickq: replay: none: no such segment*slickq create none --size 16 --elem 8"
  try slickq replay c.pcapng --speed 0
  expect_error 2 "slickq: replay: --speed: *"
  try slickq replay none.pcapng
  expect_error 3 "slickq: replay: none.pcapng: open: *"
  try slickq replay "$BATS_TEST_FILENAME"
  expect_error 6 "slickq: replay: *: is no pcapng file*editcap*"
  try slickq replay c.pcapng --to /a=x --to /none=y
  expect_error 2 "slickq: replay: --to: nothing was recorded of 'none'"
  try slickq replay c.pcapng --to a=x --to a=y
  expect_error 2 "slickq: replay: --to: two names for 'a', the first is 'x'*replay twice"
  # Of all these mistakes nothing was pushed, least of all into the recorded queues.
  expect "$(slickq list -o name,reserved --no-headings | tr -s ' \n' ' ')" "a 1 b 1 x 1 y 1 "
}

@test "captures of others, and of ours that others wrote again" {
  make_queue q --size 16 --elem 8
  slickq push -q q -m a -m b
  slickq record -q q -e -o ours.pcapng
  editcap -F pcapng ours.pcapng again.pcapng
  editcap -F nsecpcap ours.pcapng old.pcap
  editcap -F pcapng old.pcap foreign.pcapng
  make_queue fresh --size 16 --elem 8
  slickq replay -q again.pcapng --to fresh
  try slickq replay foreign.pcapng
  expect_status 2
  try slickq replay old.pcap
  expect_error 6 "slickq: replay: old.pcap: is a libpcap file of the old kind, not pcapng*editcap -F pcapng OLD NEW"
  slickq replay -q foreign.pcapng --to fresh
  expect "$(slickq dump fresh --format text | tr '\n' ' ')" "a b a b "
}

@test "nothing to replay yet, and Ctrl-C; a reader that does not read, or goes away" {
  make_queue q --size 16 --elem 8
  make_queue fresh --size 16 --elem 8
  mkfifo pipe
  slickq record -q q -o pipe &
  recorder=$!
  pids+=("$recorder")
  slickq replay - --to fresh <pipe >out 2>&1 &
  replay=$!
  pids+=("$replay")
  wait_until catches_interrupts "$replay"
  kill -INT "$replay"
  status=0
  wait "$replay" || status=$?
  expect "$status $(<out)" "130 "
  # Its reader is gone: that ends the recorder, though nothing comes.
  wait "$recorder"
  # A reader that has opened it and does not read.
  make_queue big --size 65536 --elem 64
  yes x | head -65536 | slickq push -q big
  slickq record -q big -e -o pipe 2>err &
  recorder=$!
  pids+=("$recorder")
  exec 9<pipe
  wait_until pipe_is_full
  kill -INT "$recorder"
  status=0
  wait "$recorder" || status=$?
  exec 9<&-
  expect "$status" 1
  expect_match "$(<err)" "slickq: record: pipe: its reader does not read: * bytes were not written"
}

@test "a dead producer's hole does not cost what stands behind it" {
  make_queue q --size 1024 --elem 8
  slickq push -q q -m a
  start_stuck q 1
  kill_stuck
  start_record q --from begin -o c.pcapng --json
  wait_until test -s c.pcapng
  # Half of the ring, and a lap more while the recorder would still wait its second.
  seq 600 | slickq push -q q
  wait_until grep -q 600 c.pcapng
  seq 601 1500 | slickq push -q q
  wait_until grep -q 1500 c.pcapng
  stop_record
  expect "$(json "[(q['items'], q['lost'], q['holes']) for q in d['queues']]" <"$summary")" "[(1501, 0, 1)]"
}

@test "with -e what is lost beyond the end does not count; what stays a hole at the end is told" {
  make_queue q --size 16 --elem 8
  slickq push -q q -m a
  start_stuck q 2
  slickq record -q q -e -o end.pcapng
  grep -q "hole 1..2: reserved, not published" end.pcapng
  record_in_background live.pcapng q --from begin
  wait_until test "$(stat -c %s live.pcapng)" -gt 0
  sleep 0.3
  stop_record
  grep -q "2 elements reserved from 1 on, not published when the recording ended" live.pcapng
  expect "$(<"$summary.err")" "-- q: 2 elements reserved from 1 on, not published when the recording ended"
}

@test "an item larger than the ring, long items, and names that are no words for a shell" {
  make_queue q --size 4 --elem 300000
  slickq push -q q -m long
  try slickq record -q q -e -o long.pcapng
  expect "$stderr" ""
  try slickq record q -e -o long.pcapng --force
  expect "$stderr" "-- q: Wireshark opens no packet above 262144 bytes; item 0 has 300000. slickq replay does"
  make_queue fresh --size 4 --elem 300000
  slickq replay -q long.pcapng --to fresh
  cmp <(slickq dump q --format raw) <(slickq dump fresh --format raw)
  make_queue "a;b \$c" --size 16 --elem 8
  slickq push -q "a;b \$c" -m x
  slickq record -q "a;b \$c" -e -o named.pcapng
  slickq unlink -q "a;b \$c"
  try slickq replay named.pcapng
  expect_match "$stderr" "*slickq create 'a;b \$c' --size 16 --elem 8"
  slickq record -q "$GOLDEN_DIR/cpp-1.4.0/batches.bin" -e -o batches.pcapng
  make_queue tiny --size 1 --elem "$(slickq inspect "$GOLDEN_DIR/cpp-1.4.0/batches.bin" --json | json "d['element_size']")"
  try slickq replay batches.pcapng --to tiny --speed max
  expect_status 7
  expect_match "$stderr" "slickq: replay: tiny: an item of * elements does not fit in its ring of 1*slickq create tiny --size * --replace"
}
