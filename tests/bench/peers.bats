# bench_peers: that it measures everybody by the same messages, and that nothing wrong stays unseen. Never how fast.
load ../tools/common

peers() { "$BENCH_DIR/bench_peers" "$@"; }

# Short, but more than the ring of the faulty ones.
SHORT=(--msgs 300 --reps 2)

# Everything with a name of ours that may be left; POSIX message queues where their file system can be seen.
leftovers() {
  ls -A "$SLICKQ_SHM_DIR"
  find /dev/shm /dev/mqueue /tmp -maxdepth 1 -name "slickq-bench-peers-$1-*" 2>/dev/null || true
}

@test "every message of every queue is accounted for, at each size, and everybody is there or is told to be missing" {
  try peers --only nobody
  all=$(sed -n "s/.*'nobody' is none of //p" <<<"$stderr")
  for elem in 8 64 256; do
    try peers "${SHORT[@]}" --elem "$elem" --json
    expect_status 0
    expect "$(json '[r["name"] for r in d["rows"] if r["received"] + r["lost"] != r["sent"] or r["torn"] or
      not 0 < r["delivered_per_s"]["min"] <= r["delivered_per_s"]["median"] <= r["delivered_per_s"]["max"]]' \
      <<<"$output")" "[]"
    expect "$(json '[r["name"] for r in d["rows"] if r["kind"] not in ("lossy", "copy") and
      (r["lost"] or r["sent"] != 600 or r["elem"] != d["elem"])]' <<<"$output")" "[]"
    expect "$(json 'd["elem"], d["reps"], d["msgs"]' <<<"$output")" "($elem, 2, 300)"
    expect "$(json 'sorted(r["name"] for r in d["rows"] + d["skipped"]) == sorted("'"$all"'".split(", "))' \
      <<<"$output")" True
    expect "$(json '(lambda speeds: speeds == sorted(speeds, reverse=True))([r["bytes_per_s"] for r in d["rows"]])' \
      <<<"$output")" True
    expect "$(json 'all(s["name"] + ": skipped: " + s["reason"] in """'"$stderr"'""" for s in d["skipped"])' \
      <<<"$output")" True
    expect "$(json '[r["ratio_to_slickq"] for r in d["rows"] if r["name"] == "slickq"]' <<<"$output")" "[1.0]"
    expect "$(json '{r["where"] for r in d["rows"] if r["name"].startswith(("concurrent_", "reader_"))} <= {"thread"},
      {r["where"] for r in d["rows"] if not r["name"].startswith(("concurrent_", "reader_"))}' <<<"$output")" \
      "(True, {'process'})"
  done
  expect "$(ls -A "$SLICKQ_SHM_DIR")" ""
}

@test "--duration ends a repetition by time, and slow queues send less" {
  try peers --only boost_spsc,unix_seqpacket,slickq --duration 50ms --reps 1 --rest 1 --json
  expect_status 0
  expect "$(json '[r["name"] for r in d["rows"] if r["received"] / r["delivered_per_s"]["median"] < 0.049]' \
    <<<"$output")" "[]"
}

@test "a rest is found for each peer unless it is given" {
  try peers --only boost_spsc,slickq --duration 10ms --reps 1 --json
  expect_status 0
  expect "$(json '{r["name"]: r["rest_pauses"] in (1, 16, 128) for r in d["rows"]}["boost_spsc"],
    [r["rest_pauses"] for r in d["rows"] if r["name"] == "slickq"]' <<<"$output")" "(True, [None])"
  try peers --only boost_spsc "${SHORT[@]}" --rest 7 --json
  expect "$(json 'd["rows"][0]["rest_pauses"]' <<<"$output")" 7
}

@test "text has a row for each, what some have otherwise, and the copy; --save adds the JSON" {
  try peers "${SHORT[@]}" --only slickq,pipe,copy_64k --save "$BATS_TEST_TMPDIR/peers.json"
  expect_status 0
  expect_match "${lines[0]}" "messages of 64 bytes, one producer and one consumer on CPU *, 2 repetitions of 300 messages each in turn"
  expect_match "${lines[2]}" "queue *where *a call *M msg/s *min *max *x slickq *loss % *capacity"
  expect_match "$output" *$'\nslickq, push and pop  process       1 *'
  expect_match "$output" *$'\nbare copy, 64 KiB buffers: '*" GB/s (min *, max *)"*$'\npipe: a pipe of '*" bytes"*
  expect "$(json 'd["schema"], len(d["rows"])' <"$BATS_TEST_TMPDIR/peers.json")" "('slickq.bench_peers/1', 3)"
  try peers "${SHORT[@]}" --only slickq --save /no/such/folder/peers.json
  expect_error 3 "slickq: bench_peers: /no/such/folder/peers.json: *" || expect_error 1 "slickq: *"
}

@test "a queue that loses, tears, repeats or dies fails the run by its name, and no numbers are printed" {
  while IFS='|' read -r name message; do
    try peers "${SHORT[@]}" --only "slickq,$name,pipe"
    expect_error 1 "slickq: bench_peers: $name: $message"
  done <<'CASES'
faulty_loses|1 messages did not come, the queue told of 0 that it lost*
faulty_loses_last|1 messages did not come, the queue told of 0 that it lost*
faulty_loses_early|consumer: during warm-up 0 messages were torn, 1 did not come
faulty_tears|1 messages were torn*
faulty_repeats|consumer: message * of producer 0 came when number * was to come
faulty_repeats_thread|threads: message * of producer 0 came when number * was to come
faulty_overtells|0 messages did not come, the queue told of 1 that it lost*
faulty_dies|consumer: was killed by signal 6*
CASES
}

@test "a queue that cannot be had is skipped with a line, and the others run" {
  try peers "${SHORT[@]}" --only faulty_unavailable,slickq --json
  expect_status 0
  expect "$stderr" "bench_peers: faulty_unavailable: skipped: this system does not have it"
  expect "$(json '[r["name"] for r in d["rows"]], d["skipped"]' <<<"$output")" \
    "(['slickq'], [{'name': 'faulty_unavailable', 'reason': 'this system does not have it'}])"
}

@test "built where no library was found, it names each missing package, and runs what is left" {
  try "$BENCH_DIR/bench_peers_without" "${SHORT[@]}" --json
  expect_status 0
  for package in libboost-dev libatomic-queue-dev libconcurrentqueue-dev libreaderwriterqueue-dev libck-dev \
      libiceoryx-hoofs-dev libzmq3-dev; do
    expect_match "$stderr" "*: skipped: $package was not there at build time*"
  done
  expect "$(json '{"slickq", "reference", "pipe", "copy_64k"} <= {r["name"] for r in d["rows"]}' <<<"$output")" True
  try "$BENCH_DIR/bench_peers_without" "${SHORT[@]}" --only ck_ring
  expect_status 0
  expect "$stderr" "bench_peers: ck_ring: skipped: libck-dev was not there at build time"
}

@test "flags that make no sense are refused with what works" {
  while IFS='|' read -r flags message; do
    # shellcheck disable=SC2086
    try peers $flags
    expect_error 2 "slickq: bench_peers: $message"
  done <<'CASES'
--only bost_spsc|--only: 'bost_spsc' is none of slickq, *did you mean boost_spsc?
--only slickq,|--only: '' is none of *
--elem 65|--elem: '65' is none of 8, 64, 256*nearest: --elem 64
--elem 1|--elem: '1' is none of 8, 64, 256*nearest: --elem 8
--msgs 5 --duration 1s|--duration: does not go with --msgs*choose one*
--reps 0|--reps: '0' is not in 1..*
--rest 0|--rest: '0' is not in 1..100000
--pin 100000|--pin: there is no CPU 100000*
CASES
}

@test "two workers on one CPU get on, and it is told" {
  cpu=$(taskset -pc $$ | sed 's/.*: //; s/[,-].*//')
  try peers "${SHORT[@]}" --pin "$cpu" --only slickq,boost_spsc,reader_writer_queue,unix_seqpacket --json
  expect_status 0
  expect "$stderr" "bench_peers: two workers on one CPU: who waits yields"
}

@test "Ctrl-C ends all of it at once: exit code 130, no numbers, no queue, no process" {
  for only in slickq boost_message_queue zeromq posix_mq reader_writer_queue; do
    "$BENCH_DIR/bench_peers" --only "$only" --duration 10m --reps 1 --rest 1 \
      >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
    bench=$!
    pids+=("$bench")
    if [ "$only" = posix_mq ] && grep -q skipped <(sleep 1; cat "$BATS_TEST_TMPDIR/err"); then continue; fi
    until workers=$(pgrep -P "$bench"); do kill -0 "$bench"; sleep 0.02; done
    kill -INT "$bench"
    status=0; wait "$bench" || status=$?
    expect "$status" 130
    expect "$(cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err")" ""
    expect "$(leftovers "$bench")" ""
    for pid in $workers; do ! kill -0 "$pid" 2>/dev/null; done
  done
}
