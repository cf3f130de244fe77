# slickq unlink and ps.
load common

hold() {  # NAME: somebody who knows nothing of slickq has it open
  sleep 600 <"$SLICKQ_SHM_DIR/$1" &
  pids+=($!)
  wait_until grep -q sleep "/proc/$!/comm"
}

@test "unlink removes what nobody uses, several at once" {
  make_queue a --size 8 --elem 8
  make_queue b --size 8 --elem 8
  try slickq unlink a /b
  expect_status 0
  expect "$output" $'removed a\nremoved b'
  expect "$(ls -A "$SLICKQ_SHM_DIR")" ""
}

@test "a held queue is refused with its holders, also when they know nothing of slickq" {
  make_queue q --size 8 --elem 8
  hold q
  try slickq unlink q
  expect_error 7 "slickq: unlink: q: held by *$! sleep*--force"
  [ -e "$SLICKQ_SHM_DIR/q" ]
  try slickq unlink q --dry-run
  expect_status 7
  try slickq rm q --force
  expect_status 0
  expect_match "$output" "removed q, held by *$! sleep*"
  [ ! -e "$SLICKQ_SHM_DIR/q" ]
}

@test "one that fails does not keep the others, and the exit code tells" {
  make_queue a --size 8 --elem 8
  make_queue b --size 8 --elem 8
  try slickq unlink a none b
  expect_status 3
  expect "$output" $'removed a\nremoved b'
  expect_match "$stderr" "slickq: unlink: none: no such segment: $SLICKQ_SHM_DIR/none*"
}

@test "--dry-run removes nothing" {
  make_queue q --size 8 --elem 8
  try slickq unlink q --dry-run
  expect_status 0
  expect "$output" "would remove q"
  [ -e "$SLICKQ_SHM_DIR/q" ]
}

@test "queues of every layout are removed, and replaced" {
  for layout in slq1 slq0 packed wide; do
    make_queue "$layout" --size 8 --elem 8 --layout "$layout"
    slickq push "$layout" -q -m x
    slickq create "$layout" --size 16 --elem 8 --layout "$layout" --replace
    try slickq unlink "$layout"
    expect_status 0
    expect "$output" "removed $layout"
  done
  expect "$(ls -A "$SLICKQ_SHM_DIR")" ""
}

@test "what is no queue is left alone, half-made and truncated ones are removed" {
  make_queue q --size 8 --elem 8
  echo diary >"$SLICKQ_SHM_DIR/diary"
  head -c 100 "$SLICKQ_SHM_DIR/q" >"$SLICKQ_SHM_DIR/cut"
  for name in diary; do
    try slickq unlink "$name" --force
    expect_error 6 "slickq: unlink: diary: is not a queue*rm $SLICKQ_SHM_DIR/diary"
  done
  slickq unlink cut
  expect "$(ls -A "$SLICKQ_SHM_DIR")" $'diary\nq'
}

@test "cursors a queue leaves behind are told" {
  make_queue q --size 8 --elem 8
  slickq cursor create q a >/dev/null
  try slickq unlink q
  expect_status 0
  expect "$stderr" "its cursors are left: slickq unlink q@a"
  slickq unlink q@a
}

@test "ps names who holds a queue, how, and the proof" {
  make_queue q --size 8 --elem 8
  try slickq ps q
  expect_status 0
  expect_match "$output" "q: nobody*"
  expect_match "$stderr" "proof: *"
  hold q
  slickq pop q --cursor c --create -f &
  pids+=($!)
  wait_until test -e "$SLICKQ_SHM_DIR/q@c"
  try slickq ps q
  expect "$(tr -s ' ' <<<"${lines[0]}")" " pid command access how name"
  expect_match "$output" "*${pids[0]} *sleep *read-only *open *linked*"
  expect_match "$output" "*${pids[1]} *slickq *mapped *linked*"
  expect "$(slickq ps q --json | json "d['held'], sorted(p['command'] for p in d['processes'])")" \
    "(True, ['sleep', 'slickq'])"
}

@test "who may not ask the kernel is told what is not known, and that nothing is known" {
  [ "$(id -u)" -eq 0 ] || skip "needs root to become somebody else"
  chmod 755 "$SLICKQ_SHM_DIR"
  make_queue open --size 8 --elem 8 --mode 0644
  make_queue closed --size 8 --elem 8 --mode 0600
  hold open
  nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups "$SLICKQ_BIN_DIR/slickq")
  try "${nobody[@]}" ps open
  expect_status 0
  expect "$output" "open: unknown: no lock of slickq is held, of programs without one nothing is known (proof: flock)"
  expect_match "$stderr" "proof: flock: no slickq peer holds its lock; *"
  try "${nobody[@]}" ps closed
  expect_error 4 "slickq: ps: closed: not allowed to find out who has it open*"
  try "${nobody[@]}" ps closed --json
  expect_status 4
  expect "$(json "d['held'], d['proof']" <<<"$output")" "(True, 'none')"
}

@test "what is no file is told as the reading verbs do" {
  mkdir "$SLICKQ_SHM_DIR/dir"
  mkfifo "$SLICKQ_SHM_DIR/fifo"
  python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$SLICKQ_SHM_DIR/socket"
  for name in "dir directory" "fifo FIFO" "socket socket"; do
    try slickq unlink "${name% *}" --force
    expect_error 6 "slickq: unlink: ${name% *}: not a segment: a ${name#* }"
    try slickq inspect "${name% *}"
    expect_error 6 "slickq: inspect: ${name% *}: not a segment: a ${name#* }*"
  done
}
