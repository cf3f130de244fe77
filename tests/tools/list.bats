# slickq list.
load common

@test "list shows the queues in columns, scripts get plain numbers" {
  make_queue b --size 8 --elem 8 --mode 0640
  make_queue a --size 16 --elem 24 --layout packed
  slickq push -q b -m x
  slickq cursor create b team >/dev/null
  try slickq list
  expect_status 0
  expect "${#lines[@]}" 3
  expect "$(tr -s ' ' <<<"${lines[0]}")" "name layout capacity elem bytes reserved published gap holders mode owner state"
  # Of holders nothing is known where not all of /proc may be seen.
  expect_match "$(tr -s ' ' <<<"${lines[1]}")" "a packed 16 24 $(stat -c %s "$SLICKQ_SHM_DIR/a") 0 0 0 [0?] 0600 $(id -un) ok"
  expect_match "$(tr -s ' ' <<<"${lines[2]}")" "b slq1 8 8 $(stat -c %s "$SLICKQ_SHM_DIR/b") 1 1 0 [0?] 0640 $(id -un) ok"
  expect "$(slickq ls --names)" $'a\nb'
}

@test "columns are chosen with -o" {
  make_queue a --size 16 --elem 24
  expect "$(slickq list -o name,inode --no-headings)" "a  $(stat -c %i "$SLICKQ_SHM_DIR/a")"
  try slickq list -o name,capcity
  expect_error 2 "slickq: list: -o: 'capcity' is not a column*did you mean capacity?"
}

@test "-a explains every other file" {
  make_queue q --size 8 --elem 8
  slickq cursor create q team >/dev/null
  echo diary >"$SLICKQ_SHM_DIR/diary"
  head -c 100 "$SLICKQ_SHM_DIR/q" >"$SLICKQ_SHM_DIR/cut"
  mkfifo "$SLICKQ_SHM_DIR/fifo"
  expect "$(slickq list --names)" q
  expect "$(slickq list -a --names)" $'cut\ndiary\nfifo\nq\nq@team'
  try slickq list -a -o name,state --no-headings
  expect_match "${lines[0]}" "cut *damaged: *"
  expect_match "${lines[1]}" "diary *foreign: *"
  expect_match "${lines[2]}" "fifo *special: *"
  expect_match "${lines[3]}" "q *ok"
  expect_match "${lines[4]}" "q@team *cursor"
}

@test "holes are in the state, and the gap counts from the first" {
  cp "$GOLDEN_DIR/cpp-1.4.0/hole.bin" "$SLICKQ_SHM_DIR/q"
  expect "$(slickq list -o reserved,published,gap,unpublished,state --no-headings | tr -s ' ')" "6 2 4 1 1 hole"
}

@test "an empty directory is no error" {
  try slickq list
  expect_status 0
  expect "$stderr" "no queues in $SLICKQ_SHM_DIR"
  try slickq list -q --names
  expect_status 0
  expect "$output" ""
}

@test "-w lists again, --count ends it" {
  make_queue q --size 8 --elem 8
  try slickq list -w 0.02 --count 3 --names
  expect_status 0
  expect "$output" $'q\n\nq\n\nq'
  expect "$(slickq list -w 0.02 --count 2 --json | wc -l)" 2
  slickq list -w 0.02 >/dev/null &
  pids+=($!)
  wait_until catches_interrupts "${pids[-1]}"
  kill -INT "${pids[-1]}"
  wait "${pids[-1]}"
}

@test "units are for terminals, --bytes and pipes get numbers, colour is asked for" {
  make_queue q --size 1024 --elem 256
  try script -qec "slickq list -o bytes --no-headings --color never" /dev/null
  expect_match "$output" "280.2K*"
  try script -qec "slickq list -o bytes --no-headings --bytes --color never" /dev/null
  expect_match "$output" "$(stat -c %s "$SLICKQ_SHM_DIR/q")*"
  expect_match "$(slickq list --color always)" $'\e[[]1m*'
  expect "$(slickq list -o name)" $'name\nq'
  try slickq list --color blue
  expect_status 2
}

@test "nobody knows is not nobody" {
  [ "$(id -u)" -eq 0 ] || skip "needs root to become somebody else"
  chmod 755 "$SLICKQ_SHM_DIR"
  make_queue q --size 8 --elem 8 --mode 0644
  nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups "$SLICKQ_BIN_DIR/slickq")
  expect "$("${nobody[@]}" list -o holders --no-headings)" "?"
  expect "$("${nobody[@]}" list --json | json "d['segments'][0]['holders']['held'], d['segments'][0]['holders']['proof']")" \
    "(None, 'flock')"
  slickq tail q -f &
  pids+=($!)
  wait_until eval '[ "$(slickq list -o holders --no-headings)" = 1 ]'
}

@test "--names --json is a list of names" {
  make_queue q --size 8 --elem 8
  slickq cursor create q c >/dev/null
  expect "$(slickq list --names --json | json "d['schema'], d['names'], 'segments' in d")" "('slickq.list/1', ['q'], False)"
  expect "$(slickq list -a --names --json | json "d['names']")" "['q', 'q@c']"
}

@test "-w on a terminal is clipped to it, and does not clear a dumb one" {
  for k in {1..9}; do make_queue "a-queue-$k" --size 8 --elem 8; done
  in_terminal() { TERM=$1 script -qec "stty rows 6 cols 30; slickq list -w 0.02 --count 2" /dev/null; }
  try in_terminal xterm
  expect_status 0
  expect_match "$output" $'*... 6 more: slickq list\e[[]K*\e[[]5A*'
  [ "$(sed 's/\x1b\[[0-9;]*[A-Za-z]//g; s/\r//g' <<<"$output" | awk 'length > most { most = length } END { print most }')" -le 29 ]
  try in_terminal dumb
  expect_status 0
  if grep -P '\e\[[0-9;]*[AHJK]' <<<"$output"; then return 1; fi
  expect_match "$output" "*a-queue-9*"
}
