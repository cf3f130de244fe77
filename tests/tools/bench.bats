# slickq bench: that it measures what it says, and checks it. Never how fast: that is what it is run for.
load common

# Short, and still more than one lap of the ring.
SHORT=(--size 1024 --msgs 4000 --reps 2)

# FLAGS...: a sound run whose JSON adds up.
expect_sound() {
  try slickq bench --json "${SHORT[@]}" "$@"
  expect_status 0
  expect "$(json 'd["received"] + d["lost"] == d["consumers"] * d["sent"], d["torn"]' <<<"$output")" "(True, 0)"
  expect "$(json 'd["received"] + d["elements"]["lost"] + d["elements"]["skipped"] == d["elements"]["distance"]' \
    <<<"$output")" True
  expect "$(json 'd["delivered_per_s"]["min"] > 0 and d["delivered_per_s"]["min"] <= d["delivered_per_s"]["median"]
    <= d["delivered_per_s"]["max"]' <<<"$output")" True
  expect "$(ls -A "$SLICKQ_SHM_DIR")" ""
}

@test "every mode gives a sound result, and leaves nothing" {
  for mode in paced flood pingpong rate reference; do
    expect_sound --mode "$mode"
    expect "$(json 'd["mode"], d["reps"]' <<<"$output")" "('$mode', 2)"
  done
}

@test "what is paced loses nothing, and sends what it was told" {
  for flags in "--mode paced" "--mode reference" "--mode paced --read zero-copy" "--mode paced --batch 16"; do
    # shellcheck disable=SC2086
    expect_sound $flags
    expect "$(json 'd["sent"], d["received"], d["lost"], d["loss_pct"], d["msgs"]' <<<"$output")" \
      "(8000, 8000, 0, 0.0, 4000)"
  done
}

@test "several producers and consumers: each consumer gets everything" {
  expect_sound --producers 3 --consumers 2
  expect "$(json 'd["sent"], d["received"], d["producers"], d["consumers"]' <<<"$output")" "(8000, 16000, 3, 2)"
  expect_sound --mode flood --producers 2 --consumers 3 --read zero-copy
  expect_sound --mode flood --producers 2 --batch 7
  expect_sound --producers 2 --consumers 2 --read zero-copy --batch 4
}

@test "what was read in place and overwritten meanwhile is accounted as lost" {
  # More consumers than processors, and a ring that is written over many times while one of them waits for its turn:
  # one alone keeps up with a producer that a sanitizer slows down.
  SHORT=(--size 64 --msgs 100000 --reps 2)
  expect_sound --mode flood --read zero-copy --batch 8 --consumers $(($(nproc) + 2))
  expect "$(json 'd["lost"] > 0' <<<"$output")" True
}

@test "each layout, each size of message, each way to wait" {
  for layout in slq1 slq0 packed wide; do
    expect_sound --layout "$layout"
    expect "$(json 'd["layout"]' <<<"$output")" "$layout"
  done
  for elem in 8 13 16 24 4096; do
    expect_sound --elem "$elem" --batch 3
    expect "$(json 'd["elem"], d["batch"]' <<<"$output")" "($elem, 3)"
  done
  for wait in spin yield backoff block; do
    expect_sound --wait "$wait"
    expect "$(json 'd["wait"]' <<<"$output")" "$wait"
  done
}

@test "the JSON has the keys that scripts depend on" {
  expect_sound
  expect "$(json '[k for k in ("schema mode producers consumers producer batch burst read elem size layout reps msgs "
    "delivered_per_s loss_pct torn latency_ns cpu_s machine").split() if k not in d]' <<<"$output")" "[]"
  expect "$(json 'd["schema"], d["latency_ns"]' <<<"$output")" "('slickq.bench/1', None)"
  expect "$(json 'sorted(d["delivered_per_s"])' <<<"$output")" "['max', 'median', 'min']"
  expect "$(json 'd["cpu_s"] > 0' <<<"$output")" True
  expect "$(json '[k for k in ("cpu cpus_allowed pinned_to kernel compiler governor hypervisor page_bytes "
    "huge_pages").split() if k not in d["machine"]]' <<<"$output")" "[]"
}

@test "latencies are in order, and the bare lines stand beside those of the ping-pong" {
  order='list(d["%s"]) == ["p50", "p90", "p99", "p99_9", "p99_99", "max"]
    and sorted(d["%s"].values()) == list(d["%s"].values())'
  expect_sound --mode rate --rate 100000
  # shellcheck disable=SC2059
  expect "$(json "$(printf "$order" latency_ns latency_ns latency_ns)" <<<"$output")" True
  expect "$(json 'd["rate"]' <<<"$output")" 100000.0
  expect_sound --mode pingpong
  for key in latency_ns bare_latency_ns; do
    # shellcheck disable=SC2059
    expect "$(json "$(printf "$order" $key $key $key)" <<<"$output")" True
  done
  expect "$(json 'd["ratio_to_bare"] == d["latency_ns"]["p50"] / d["bare_latency_ns"]["p50"]' <<<"$output")" True
}

@test "a rate is kept: so many messages take so long at least" {
  try slickq bench --mode rate --rate 10000 --msgs 1000 --reps 1 --size 1024 --json
  expect_status 0
  expect "$(json 'd["sent"], d["delivered_per_s"]["median"] <= 10100' <<<"$output")" "(1000, True)"
}

@test "--duration ends a repetition by time" {
  try slickq bench --duration 100ms --reps 1 --size 1024 --json
  expect_status 0
  expect "$(json 'd["msgs"] / d["delivered_per_s"]["median"] > 0.09' <<<"$output")" True
}

@test "--vs-reference adds the reference path and the ratio of the medians" {
  expect_sound --vs-reference --batch 8
  expect "$(json 'd["ratio_to_reference"] == d["delivered_per_s"]["median"] / d["reference_per_s"]["median"]' \
    <<<"$output")" True
  try slickq bench "${SHORT[@]}" --vs-reference
  expect_match "$output" "*slickq *reference *ratio to reference: *"
}

@test "text tells what was run, where, and how much was delivered" {
  try slickq bench "${SHORT[@]}" --mode flood --batch 4 --producers 2
  expect_status 0
  expect_match "${lines[0]}" "flood: 2 producers (multi), 1 consumer, slq1, 1024 elements of 64 bytes, copy, batches of 4, 2 repetitions"
  expect_match "${lines[1]}" "on CPU *: *"
  expect_match "${lines[2]}" "delivered *bytes *M msg/s *min *max *loss % *CPU s"
  expect_match "${lines[3]}" "slickq *64 *"
  expect "${#lines[@]}" 4
}

@test "--csv is a header and a row for each repetition, as wide as the header" {
  try slickq bench --size 1024 --msgs 4000 --reps 3 --csv --mode pingpong
  expect_status 0
  expect "${#lines[@]}" 7
  expect_match "${lines[0]}" "name,repetition,mode,*,sent,received,lost,delivered_per_s,cpu_s,p50_ns,*,max_ns"
  expect "$(python3 -c 'import csv, sys
rows = list(csv.DictReader(sys.stdin, strict=True))
print([(r["name"], r["repetition"]) for r in rows if r["mode"] == "pingpong"])
print(all(int(r["received"]) + int(r["lost"]) == int(r["sent"]) == 4000 and None not in r for r in rows))' <<<"$output")" \
    "[('slickq', '1'), ('slickq', '2'), ('slickq', '3')]"$'\nTrue'
}

@test "--pin says where the workers run, and more workers than CPUs are told" {
  cpu=$(taskset -pc $$ | sed 's/.*: //; s/[,-].*//')
  try slickq bench "${SHORT[@]}" --pin "$cpu" --json
  expect_status 0
  expect_match "$stderr" "*2 workers on 1 CPU: who waits yields"
  expect "$(json 'd["machine"]["pinned_to"]' <<<"$output")" "[$cpu]"
  try slickq bench "${SHORT[@]}" --pin "$cpu,$cpu" -q --json
  expect_status 0
  expect "$stderr" ""
}

@test "the picture is XML with both panels, the machine, and a curve for each series" {
  picture="$BATS_TEST_TMPDIR/bench.svg"
  try slickq bench --size 1024 --msgs 500 --reps 1 --plot "$picture" --json
  expect_status 0
  expect "$(json 'd["picture"], len(d["sweep"])' <<<"$output")" "('$picture', 42)"
  expect "$(python3 -c 'import sys, xml.etree.ElementTree as tree
svg = "{http://www.w3.org/2000/svg}"
root = tree.parse(sys.argv[1]).getroot()
words = [t.text for t in root.iter(svg + "text")]
print(root.tag == svg + "svg", len(list(root.iter(svg + "polyline"))))
print([w for w in ("single", "batch 16", "batch 64", "reference", "4K", "p99.99", "100000 messages/s") if w not in words])
print([w for w in sys.argv[2:] if not any(w in t for t in words)])' "$picture" "500 messages each" "$(uname -r)")" \
    $'True 6\n[]\n[]'
  grep -q 'prefers-color-scheme' "$picture"
}

@test "a progress bar is on a terminal alone, and goes when the run ends" {
  try script -qec "slickq bench ${SHORT[*]}" /dev/null
  expect_match "$output" $'*[[]..............................[]] 0/2 slickq*[[]###############...............[]] 1/2 slickq*\r\e[[]K*paced: *'
  try script -qec "slickq bench ${SHORT[*]} --quiet" /dev/null
  [[ "$output" != *'1/2'* ]]
  try slickq bench "${SHORT[@]}"
  expect "$stderr" ""
}

@test "a picture that cannot be written is told before anything is measured" {
  try slickq bench --plot /no/such/folder/bench.svg
  expect_status 3
  expect_match "$stderr" "slickq: bench: /no/such/folder/bench.svg: *"
}

@test "what valgrind cannot count is told as absent" {
  try env PATH=/nowhere "$SLICKQ_BIN_DIR/slickq" bench "${SHORT[@]}" --instructions --json
  expect_status 0
  expect "$(json 'd["instructions_per_push"], d["instructions_absent"]' <<<"$output")" \
    "(None, 'valgrind: is not installed')"
  try env PATH=/nowhere "$SLICKQ_BIN_DIR/slickq" bench "${SHORT[@]}" --instructions
  expect_match "$output" "*instructions: not counted: valgrind: is not installed"
}

# Starts a long run in the background: $bench its pid, $workers its children once they have opened the queue.
start_bench() {
  slickq bench --duration 10m --reps 1 --size 1024 "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  bench=$!
  pids+=("$bench")
  workers=()
  until [ "${#workers[@]}" -eq 2 ]; do mapfile -t workers < <(pgrep -P "$bench"); done
}
nameless() { [ -z "$(ls -A "$SLICKQ_SHM_DIR")" ]; }
all_gone() { for pid in "${workers[@]}"; do ! kill -0 "$pid" 2>/dev/null || return 1; done; }

@test "Ctrl-C ends all of it: exit code 130, no numbers, no queue, no process" {
  for signal in INT TERM; do
    start_bench
    kill -"$signal" "$bench"
    status=0; wait "$bench" || status=$?
    expect "$status" 130
    expect "$(cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err")" ""
    expect "$(ls -A "$SLICKQ_SHM_DIR")" ""
    all_gone
  done
}

@test "a worker that is killed fails the run, by its name" {
  start_bench
  kill -KILL "${workers[1]}"
  status=0; wait "$bench" || status=$?
  expect "$status" 1
  expect "$(cat "$BATS_TEST_TMPDIR/out")" ""
  expect_match "$(cat "$BATS_TEST_TMPDIR/err")" "slickq: bench: consumer 0: was killed by signal 9*"
  expect "$(ls -A "$SLICKQ_SHM_DIR")" ""
  all_gone
}

@test "workers do not outlive a benchmark that is killed, nor does the queue" {
  start_bench
  wait_until nameless
  kill -KILL "$bench"
  wait_until all_gone
  expect "$(ls -A "$SLICKQ_SHM_DIR")" ""
}

@test "flags that contradict each other are refused with what works" {
  while IFS='|' read -r flags message; do
    # shellcheck disable=SC2086
    try slickq bench $flags
    expect_error 2 "$message"
  done <<'CASES'
--mode pced|slickq: bench: --mode: 'pced' is none of paced, flood, *did you mean paced?
--mode bare|slickq: bench: --mode: 'bare' is none of*
--producer singel|slickq: bench: --producer: *did you mean single?
--read zerocopy|slickq: bench: --read: *did you mean zero-copy?
--wait bloc|slickq: bench: --wait: *did you mean block?
--layout slq9|slickq: bench: --layout: 'slq9' is none of *
--batch 4 --burst 4|slickq: bench: --burst: does not go with --batch*choose one
--producer single --producers 2|slickq: bench: --producer: *--producers 1
--mode rate --elem 8|slickq: bench: --elem: '8' is too small*nearest: --elem 16
--elem 4|slickq: bench: --elem: '4' is too small*nearest: --elem 8
--size 1000|slickq: bench: --size: size 1000: not a power of two*nearest: 512 or 1024
--size 16 --batch 16|slickq: bench: --size: '16' is too small*nearest: --size 64
--producers 65|slickq: bench: --producers: '65' is not in 1..64*nearest: --producers 64
--reps 0|slickq: bench: --reps: '0' is not in 1..*nearest: --reps 1
--msgs 0|slickq: bench: --msgs: '0' is not in 1..*
--msgs 5 --duration 1s|slickq: bench: --duration: does not go with --msgs*
--rate 5|slickq: bench: --rate: mode paced has no rate*use --mode rate
--rate 0 --mode rate|slickq: bench: --rate: *
--mode pingpong --consumers 2|slickq: bench: --consumers: *
--mode pingpong --batch 2|slickq: bench: --batch: mode pingpong sends message by message*
--mode reference --read zero-copy|slickq: bench: --read: mode reference copies*
--mode reference --layout slq0|slickq: bench: --layout: mode reference is *
--mode flood --vs-reference|slickq: bench: --vs-reference: *use --mode paced
--csv --json|slickq: bench: --csv: does not go with --json*
--pin 100000|slickq: bench: --pin: there is no CPU 100000*it may use *
--pin x|slickq: bench: --pin: 'x' is not a whole number
--probe nothing|slickq: bench: --probe: unknown kind nothing*
surplus|slickq: bench: surplus: one argument too many*
CASES
  expect "$(ls -A "$SLICKQ_SHM_DIR")" ""
}

@test "a directory that is not there is not found, one that is full says what is needed" {
  try slickq bench "${SHORT[@]}" --shm-dir /no/such/folder
  expect_error 3 "slickq: bench: *"
  try slickq bench --size 1G --elem 4096 --msgs 1 --reps 1
  expect_status 1
  expect_match "$stderr" "slickq: bench: *4*"
}

@test "--help has the defaults and examples, and does not tell of what is for its own use" {
  try slickq bench --help
  expect_status 0
  expect_match "$output" "*paced (lossless; default)*slickq bench --vs-reference*"
  [[ "$output" != *--probe* ]]
}
