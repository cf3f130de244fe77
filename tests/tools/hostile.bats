# Names that are no queues, and queues that change their length under who uses them.
load common

# NAME: what stands there, its content included.
facts_of() { stat -c '%F %a %u %s %h %Y' "$SLICKQ_SHM_DIR/$1"; [ ! -f "$SLICKQ_SHM_DIR/$1" ] || cksum <"$SLICKQ_SHM_DIR/$1"; }

make_traps() {
  make_queue real --size 8 --elem 8
  ln -s real "$SLICKQ_SHM_DIR/link"
  ln -s nowhere "$SLICKQ_SHM_DIR/dangling"
  mkfifo "$SLICKQ_SHM_DIR/fifo"
  python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$SLICKQ_SHM_DIR/socket"
  mkdir "$SLICKQ_SHM_DIR/directory"
  : >"$SLICKQ_SHM_DIR/empty"
  printf 'eight by' >"$SLICKQ_SHM_DIR/cursor-sized"
  head -c 4096 /dev/urandom >"$SLICKQ_SHM_DIR/noise"
  head -c 200 "$SLICKQ_SHM_DIR/real" >"$SLICKQ_SHM_DIR/cut"
  traps=(link dangling fifo socket directory empty cursor-sized noise cut)
  if [ "$(id -u)" = 0 ]; then
    mknod "$SLICKQ_SHM_DIR/device" c 1 5 && traps+=(device)  # /dev/zero: endless, and all zero
  fi
}

@test "every verb refuses what is no queue at once, says why, and leaves it as it is" {
  make_traps
  verbs=("inspect" "dump" "tail" "tail -f" "verify" "push -m x" "pop --cursor c" "cursor create" "repair"
    "reset" "reset --force" "check" "record -o $BATS_TEST_TMPDIR/capture" "watch --count 1" "unlink" "create --size 8 --elem 8"
    "create --size 8 --elem 8 --if-not-exists")
  tried=0
  for trap in "${traps[@]}"; do
    before=$(facts_of "$trap")
    for verb in "${verbs[@]}"; do
      # What is empty or cut off may be what a queue's creator left, eight bytes a cursor: they may be asked away.
      [[ $verb != unlink || $trap != @(empty|cut|cursor-sized) ]] || continue
      operands=("$trap")
      [ "$verb" != "cursor create" ] || operands+=(c)
      # shellcheck disable=SC2086
      try timeout 10 slickq $verb "${operands[@]}" </dev/null
      told="$stderr$output"
      [ "$status" -ge 1 ] && [ "$status" -le 7 ] || { echo "slickq $verb $trap: exit $status: $told" >&2; return 1; }
      [[ $told == *"$trap"* && $told == *:* ]] || { echo "slickq $verb $trap does not say of what: $told" >&2; return 1; }
      expect "$(facts_of "$trap")" "$before"
      tried=$((tried + 1))
    done
  done
  rm -f "$BATS_TEST_TMPDIR/capture"
  expect "$(ls "$SLICKQ_SHM_DIR" | grep -c '@')" 0  # no cursor was made for any of them
  echo "# $tried refusals" >&3
}

@test "--force unlinks only what is a queue or was one" {
  make_traps
  for trap in link fifo socket directory noise; do
    before=$(facts_of "$trap")
    try timeout 10 slickq unlink --force "$trap"
    [ "$status" -ne 0 ]
    expect "$(facts_of "$trap")" "$before"
  done
}

@test "a file that nobody may read is refused, and told as it is" {
  [ "$(id -u)" -eq 0 ] || skip "needs root to become somebody else"
  chmod 755 "$SLICKQ_SHM_DIR"
  make_queue closed --size 8 --elem 8 --mode 0000
  nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups timeout 10 "$SLICKQ_BIN_DIR/slickq")
  for verb in inspect dump tail verify "push -m x" "pop --cursor c" repair reset; do
    # shellcheck disable=SC2086
    try "${nobody[@]}" $verb closed
    expect_error 4 "slickq: ${verb%% *}: closed: *"
  done
}

# VERB...: in the background on `q`, until it has begun; its pid is in $reader.
begin_reader() {
  slickq "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null &
  reader=$!
  pids+=("$reader")
  wait_until has_begun "$reader"
}
has_begun() { ! kill -0 "$1" 2>/dev/null || catches_interrupts "$1"; }
# It is still there, or ended with a word: no signal ended it.
end_reader() {
  kill -INT "$reader" 2>/dev/null || true
  local code=0
  wait "$reader" || code=$?
  [ "$code" -le 7 ] || [ "$code" = 130 ] || { echo "exit $code: $(<"$BATS_TEST_TMPDIR/err")" >&2; return 1; }
}

@test "who waits for what is new is told that the queue was truncated, also where its header is as it was" {
  for verb in "tail -f q" "record q -o $BATS_TEST_TMPDIR/capture --force" "pop q --cursor c -f"; do
    make_queue q --size 1024 --elem 64
    slickq cursor create q c >/dev/null
    # shellcheck disable=SC2086
    begin_reader $verb
    slickq push -q q -m seen
    truncate -s 100 "$SLICKQ_SHM_DIR/q"
    status=0
    wait "$reader" || status=$?
    expect_status 6
    expect_match "$(<"$BATS_TEST_TMPDIR/err")" "slickq: ${verb%% *}: q: *"
    rm "$SLICKQ_SHM_DIR"/q "$SLICKQ_SHM_DIR"/q@c
  done
}

@test "a queue that is truncated, or grows, under who reads, writes, records, watches or lists it ends nobody by a signal" {
  readers=("tail -f q" "tail -f q --from begin" "watch q --interval 10ms" "record q -o $BATS_TEST_TMPDIR/capture --force"
    "list -w 0.01" "pop q --cursor c -f" "check q --min-rate 1 --interval 200ms" "push q --rate 2000 -m x --count 100000")
  tried=0
  for reader_verb in "${readers[@]}"; do
    for length in 0 63 100 4096 20000 1000000; do
      make_queue q --size 256 --elem 64 --replace --force
      slickq cursor create q c >/dev/null 2>&1 || true
      seq 100 | slickq push -q q
      # shellcheck disable=SC2086
      begin_reader $reader_verb
      truncate -s "$length" "$SLICKQ_SHM_DIR/q"
      sleep 0.05
      end_reader
      rm -f "$SLICKQ_SHM_DIR"/q "$SLICKQ_SHM_DIR"/q@c
      tried=$((tried + 1))
    done
  done
  echo "# $tried readers and writers" >&3
}
