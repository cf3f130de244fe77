# slickq create, and what it leaves behind.
load common

@test "create tells in one line what it made, and inspect shows it" {
  try slickq create --name q --size 1024 --elem 256
  expect_status 0
  expect_match "$output" "created q: slq1, 1024 elements of 256 bytes, * bytes, mode 0600"
  expect "$stderr" ""
  try slickq inspect q
  expect_status 0
  expect "${lines[0]}" "q: slq1, 1024 elements of 256 bytes"
  for line in "  reserved        0*" "  published       0*" "  last published  none yet" "  holes           none" \
    "  mode            0600 *" "  init state      ready"; do
    expect_match "$output" "*$line*"
  done
}

@test "every layout is created with its geometry" {
  for layout in slq1 slq0 packed wide; do
    slickq create "$layout" --size 16 --elem 24 --layout "$layout"
    expect "$(slickq inspect "$layout" --json | json "d['layout'],d['capacity'],d['element_size'],d['data_offset']")" \
      "('$layout', 16, 24, 320)"
    slickq verify "$layout"
  done
}

@test "items per slot turn slq1 and slq0 into slq3 and slq2" {
  slickq create a --size 16 --elem 8 --items-per-slot 8
  slickq create b --size 16 --elem 8 --items-per-slot 8 --layout slq0
  expect "$(slickq inspect a --json | json "d['layout'],d['items_per_slot']")" "('slq3', 8)"
  expect "$(slickq inspect b --json | json "d['layout'],d['items_per_slot']")" "('slq2', 8)"
  try slickq create c --size 16 --elem 8 --items-per-slot 8 --layout packed
  expect_status 2
  try slickq create c --size 16 --elem 8 --layout slq3
  expect_error 2 "slickq: create: --layout: 'slq3' is not a layout to create*slq3 is slq1 with --items-per-slot"
}

@test "sizes may have a suffix, and the name a slash" {
  slickq create --name /q --size 1K --elem 1K
  expect "$(slickq inspect q --json | json "d['name'],d['capacity'],d['element_size']")" "('q', 1024, 1024)"
  expect "$(slickq inspect /q --json | json "d['name']")" "q"
}

@test "the mode is exactly what was asked for, whatever the umask" {
  umask 077
  slickq create q --size 8 --elem 8 --mode 0664
  expect "$(stat -c %a "$SLICKQ_SHM_DIR/q")" 664
}

@test "owner and group may be names or numbers, unknown ones are refused" {
  [ "$(id -u)" -eq 0 ] || skip "needs root to give a file away"
  slickq create q --size 8 --elem 8 --owner nobody --group 1234
  expect "$(stat -c '%U %g' "$SLICKQ_SHM_DIR/q")" "nobody 1234"
  try slickq create p --size 8 --elem 8 --owner no-such-user
  expect_error 2 "slickq: create: --owner: 'no-such-user' is not a user of this machine"
  [ ! -e "$SLICKQ_SHM_DIR/p" ]
}

@test "an existing name is refused with 7 and left alone" {
  make_queue q --size 8 --elem 8
  slickq push -q q -m kept
  try slickq create q --size 16 --elem 8
  expect_error 7 "slickq: create: q: exists already*slickq inspect q*"
  expect "$(slickq dump q --format text)" kept
}

@test "--if-not-exists keeps an equal queue and refuses another geometry, naming both" {
  try slickq create q --size 8 --elem 8 --if-not-exists
  expect_status 0
  expect_match "$output" "created q: *"
  slickq push -q q -m kept
  try slickq create q --size 8 --elem 8 --if-not-exists
  expect_status 0
  expect_match "$output" "kept q: *"
  try slickq create q --size 16 --elem 8 --if-not-exists
  expect_error 7 "slickq: create: q: *slq1, 8 elements of 8 bytes*slq1, 16 elements of 8 bytes*"
  expect "$(slickq dump q --format text)" kept
}

@test "--replace makes the queue anew" {
  make_queue q --size 8 --elem 8
  slickq push -q q -m old
  try slickq create q --size 16 --elem 8 --replace
  expect_status 0
  expect_match "$output" "replaced q: slq1, 16 elements of 8 bytes*"
  expect "$(slickq dump q)" ""
}

@test "--replace is refused while somebody holds the queue, unless forced" {
  make_queue q --size 8 --elem 8
  sleep 600 <"$SLICKQ_SHM_DIR/q" &
  pids+=($!)
  wait_until grep -q sleep "/proc/$!/comm"
  try slickq create q --size 16 --elem 8 --replace
  expect_error 7 "slickq: create: q: held by *$! sleep*--force"
  expect "$(slickq inspect q --json | json "d['capacity']")" 8
  slickq create q --size 16 --elem 8 --replace --force
  expect "$(slickq inspect q --json | json "d['capacity']")" 16
}

@test "--replace leaves what is no queue alone" {
  echo "dear diary" >"$SLICKQ_SHM_DIR/q"
  try slickq create q --size 16 --elem 8 --replace --force
  expect_error 6 "slickq: create: q: is not a queue*"
  expect "$(cat "$SLICKQ_SHM_DIR/q")" "dear diary"
  make_queue p --size 8 --elem 8
  slickq cursor create p c >/dev/null
  try slickq create p@c --size 16 --elem 8 --replace
  expect_error 6 "slickq: create: p@c: is a cursor, not a queue*"
  expect "$(stat -c %s "$SLICKQ_SHM_DIR/p@c")" 8
}

@test "--dry-run makes nothing, and fails as the real thing would" {
  try slickq create q --size 8 --elem 8 --dry-run
  expect_status 0
  expect "$output" "would create q: slq1, 8 elements of 8 bytes, 8448 bytes, mode 0600"
  expect "$(ls -A "$SLICKQ_SHM_DIR")" ""
  make_queue q --size 8 --elem 8
  try slickq create q --size 8 --elem 8 --dry-run
  expect_error 7 "slickq: create: q: exists already*"
  try slickq create q --size 16 --elem 8 --dry-run --replace
  expect_status 0
  expect_match "$output" "would replace q: slq1, 16 elements*"
  expect "$(slickq inspect q --json | json "d['capacity']")" 8
}

@test "prefault, mlock and huge pages are asked for without harm" {
  slickq create q --size 1024 --elem 64 --prefault --mlock --huge
  slickq verify q
}

@test "--shm-dir works before and behind the verb, and wins over the environment" {
  mkdir "$SLICKQ_SHM_DIR/a" "$SLICKQ_SHM_DIR/b"
  slickq --shm-dir "$SLICKQ_SHM_DIR/a" create q --size 8 --elem 8
  slickq create q --size 16 --elem 8 --shm-dir="$SLICKQ_SHM_DIR/b"
  [ -e "$SLICKQ_SHM_DIR/a/q" ]
  [ -e "$SLICKQ_SHM_DIR/b/q" ]
  [ ! -e "$SLICKQ_SHM_DIR/q" ]
}
