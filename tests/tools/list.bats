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
  expect "$(tr -s ' ' <<<"${lines[1]}")" "a packed 16 24 $(stat -c %s "$SLICKQ_SHM_DIR/a") 0 0 0 0 0600 $(id -un) ok"
  expect "$(tr -s ' ' <<<"${lines[2]}")" "b slq1 8 8 $(stat -c %s "$SLICKQ_SHM_DIR/b") 1 1 0 0 0640 $(id -un) ok"
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
  sleep 0.2
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
