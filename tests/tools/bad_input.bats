# Bad input: a clear message on standard error, the right exit code, nothing changed.
load common

golden_queue() { cp "$GOLDEN_DIR/cpp-1.4.0/three.bin" "$SLICKQ_SHM_DIR/$1"; }
nothing_made() { expect "$(ls -A "$SLICKQ_SHM_DIR")" ""; }

@test "capacities that are no power of two up to 2^31 are usage errors" {
  for size in 0 3 1000 8589934592 8G 4G -1 ten 1.5 ""; do
    try slickq create --name q --size "$size" --elem 8
    expect_error 2 "slickq: create: *"
  done
  nothing_made
  try slickq create --name q --size 1000 --elem 8
  expect_match "$stderr" "slickq: create: q: *1000*512*1024*"
}

@test "element sizes of nothing, or more than 32 bits, are usage errors" {
  for elem in 0 4294967296 -8 x; do
    try slickq create --name q --size 8 --elem "$elem"
    expect_error 2 "slickq: create: *"
  done
  nothing_made
}

@test "items per slot are powers of two, at most the capacity" {
  for items in 0 3 16; do
    try slickq create --name q --size 8 --elem 8 --items-per-slot "$items"
    expect_error 2 "slickq: create: *"
  done
  nothing_made
}

@test "names that cannot be are usage errors for every verb" {
  long=$(printf 'x%.0s' {1..300})
  for name in "a/b" "" "." ".." "/" "//q" "$long" $'a\nb'; do
    for verb in "create --size 8 --elem 8" "push -m x" "pop --cursor c" "ps" "unlink" "cursor create --at end"; do
      case "$verb" in "cursor "*) operands=("$name" c) ;; *) operands=("$name") ;; esac
      # shellcheck disable=SC2086  # the verb and its flags are words
      try slickq $verb "${operands[@]}"
      expect_error 2 "slickq: *"
    done
  done
  nothing_made
}

@test "a queue that is not there is 3, with the nearest name" {
  make_queue ticks --size 8 --elem 8
  for verb in inspect dump tail verify ps unlink "push -m x" "pop --cursor c"; do
    # shellcheck disable=SC2086
    try slickq $verb tickz
    expect_error 3 "slickq: ${verb%% *}: tickz: *did you mean ticks?"
  done
  slickq cursor create ticks fast >/dev/null
  try slickq cursor show ticks fats
  expect_error 3 "slickq: cursor show: ticks@fats: *did you mean ticks@fast?"
  slickq unlink -q ticks
  try slickq inspect ticks
  expect_error 3 "slickq: inspect: ticks: no such segment: *see what there is: slickq list"
  try slickq inspect nothing-like-it
  expect_error 3 "slickq: inspect: nothing-like-it: *"
  try slickq inspect ./no/such/file
  expect_error 3 "slickq: inspect: ./no/such/file: *"
}

@test "a shm directory that is not there is 3" {
  for verb in list "create q --size 8 --elem 8" "inspect q"; do
    # shellcheck disable=SC2086
    try slickq $verb --shm-dir "$SLICKQ_SHM_DIR/none"
    expect_error 3 "slickq: *"
  done
}

@test "truncated, empty, garbage and half-made segments are 6, and are not changed" {
  golden_queue whole
  head -c 200 "$SLICKQ_SHM_DIR/whole" >"$SLICKQ_SHM_DIR/truncated"
  head -c 40 "$SLICKQ_SHM_DIR/whole" >"$SLICKQ_SHM_DIR/short"
  : >"$SLICKQ_SHM_DIR/empty"
  head -c 4096 /dev/urandom >"$SLICKQ_SHM_DIR/garbage"
  cp "$SLICKQ_SHM_DIR/whole" "$SLICKQ_SHM_DIR/half-made"
  printf '\2' | dd of="$SLICKQ_SHM_DIR/half-made" bs=1 seek=48 conv=notrunc status=none
  before=$(cd "$SLICKQ_SHM_DIR" && sha256sum ./*)
  for name in truncated short empty garbage half-made; do
    for verb in inspect dump tail verify "push -m x" "pop --cursor c --create"; do
      # shellcheck disable=SC2086
      try slickq $verb "$name"
      expect_error 6 "slickq: ${verb%% *}: $name: *"
    done
    try slickq create "$name" --size 8 --elem 8
    expect_error 7 "slickq: create: $name: exists already*"
  done
  expect "$(cd "$SLICKQ_SHM_DIR" && sha256sum ./*)" "$before"
}

@test "the message for a truncated segment tells need and have" {
  golden_queue whole
  head -c 200 "$SLICKQ_SHM_DIR/whole" >"$SLICKQ_SHM_DIR/q"
  try slickq inspect q
  expect_error 6 "slickq: inspect: q: *truncated*$(stat -c %s "$SLICKQ_SHM_DIR/whole")*200*"
}

@test "an unknown feature bit is refused" {
  golden_queue q
  printf '\x35' | dd of="$SLICKQ_SHM_DIR/q" bs=1 seek=24 conv=notrunc status=none
  try slickq inspect q
  expect_error 6 "slickq: inspect: q: *"
}

@test "a directory, a FIFO, a symlink and a device in place of a segment are refused without waiting" {
  golden_queue whole
  mkdir "$SLICKQ_SHM_DIR/directory"
  mkfifo "$SLICKQ_SHM_DIR/fifo"
  ln -s whole "$SLICKQ_SHM_DIR/symlink"
  before=$(ls -l "$SLICKQ_SHM_DIR")
  for name in directory fifo symlink; do
    for verb in inspect dump tail verify "push -m x" "pop --cursor c" unlink; do
      # shellcheck disable=SC2086
      try timeout 60 slickq $verb "$name"
      expect_error 6 "slickq: ${verb%% *}: $name: *"
    done
    try slickq create "$name" --size 8 --elem 8
    expect_error 7 "slickq: create: $name: *"
    try slickq create "$name" --size 8 --elem 8 --replace
    expect_error 6 "slickq: create: $name: *"
  done
  expect "$(ls -l "$SLICKQ_SHM_DIR")" "$before"
}

# Runs slickq without rights: as root by giving them up.
unprivileged() {
  if [ "$(id -u)" -ne 0 ]; then slickq "$@"; return; fi
  cp "$SLICKQ_BIN_DIR/slickq" "$UNPRIVILEGED_DIR/slickq"
  setpriv --reuid 65534 --regid 65534 --clear-groups env SLICKQ_SHM_DIR="$SLICKQ_SHM_DIR" "$UNPRIVILEGED_DIR/slickq" "$@"
}

@test "without permission it is 4, and nothing is changed" {
  UNPRIVILEGED_DIR=$(mktemp -d /tmp/slickq-test-XXXXXX)
  chmod 755 "$UNPRIVILEGED_DIR" "$SLICKQ_SHM_DIR"
  make_queue q --size 8 --elem 8 --mode 0000
  make_queue readable --size 8 --elem 8 --mode 0444
  before=$(cd "$SLICKQ_SHM_DIR" && stat -c '%n %y' ./*)
  [ "$(id -u)" -eq 0 ] || chmod 555 "$SLICKQ_SHM_DIR"
  for verb in inspect dump tail verify "push -m x" "pop --cursor c" unlink; do
    # shellcheck disable=SC2086
    try unprivileged $verb q
    expect_error 4 "slickq: ${verb%% *}: q: *ermission denied*"
  done
  try unprivileged create other --size 8 --elem 8
  expect_error 4 "slickq: create: other: *"
  try unprivileged push readable -m x
  expect_error 4 "slickq: push: readable: *"
  try unprivileged unlink readable
  expect_error 4 "slickq: unlink: readable: *"
  try unprivileged inspect readable
  expect_status 0
  try unprivileged tail readable
  expect_status 0
  chmod 755 "$SLICKQ_SHM_DIR"
  expect "$(cd "$SLICKQ_SHM_DIR" && stat -c '%n %y' ./*)" "$before"
  rm -r "$UNPRIVILEGED_DIR"
}

in_full_tmpfs() {  # SCRIPT, run in a directory that is a tmpfs of 1 MiB nobody else sees
  local private=(unshare -m)
  "${private[@]}" true 2>/dev/null || private=(unshare -r -m)
  "${private[@]}" true 2>/dev/null || skip "needs a private mount namespace"
  try "${private[@]}" bash -c 'mount -t tmpfs -o size=1m tmpfs "$SLICKQ_SHM_DIR" && '"$1"
}

@test "a full shm directory is ENOSPC at create, and nothing is left" {
  in_full_tmpfs 'slickq create big --size 64K --elem 256; echo "exit $?"; ls -A "$SLICKQ_SHM_DIR"'
  expect "$output" "exit 1"
  expect_match "$stderr" "slickq: create: big: *no space*need*free*"
}

@test "queues that filled the directory stay sound when the next does not fit" {
  in_full_tmpfs 'for q in a b c; do slickq create $q --size 1K --elem 384 >/dev/null; echo "$q $?"; done
    for k in a b; do seq 5000 | slickq push $k -q && slickq verify $k >/dev/null || echo "broken $k"; done
    ls -A "$SLICKQ_SHM_DIR"'
  expect "$output" $'a 0\nb 0\nc 1\na\nb'
  expect_match "$stderr" "slickq: create: c: *no space*need*free*"
}

@test "what standard output cannot take is an error, a reader that left is none" {
  make_queue q --size 8 --elem 8
  slickq push -q q -m x
  try bash -c 'slickq dump q >/dev/full'
  expect_error 1 "slickq: dump: standard output: write: No space left on device*"
  try bash -c 'slickq inspect q >&-'
  expect_error 1 "slickq: inspect: standard output: write: *"
  try bash -c 'set -o pipefail; slickq list -w 0.05 | head -1'
  expect_status 0
  expect "$stderr" ""
  try bash -c 'slickq dump q <&- >&- 2>&-'
  expect_status 1
  slickq verify q
}

# QUEUE VALUE: the first eight bytes, C, in which all layouts but wide keep a size in the low 16 bits.
set_reserved_word() {
  python3 -c 'import struct, sys
with open(sys.argv[1], "r+b") as file: file.write(struct.pack("<Q", int(sys.argv[2], 0)))' "$SLICKQ_SHM_DIR/$1" "$2"
}

@test "a reserved index that no use can reach is told by all who look, refused by push, and not begun anew" {
  make_queue narrow --size 8 --elem 8
  make_queue wide --size 8 --elem 8 --layout wide
  set_reserved_word narrow 0xffffffffffff0001
  set_reserved_word wide 0xffffffffffffffff
  for q in narrow wide; do
    try slickq push "$q" -m x
    expect_status 1
    expect_match "$stderr" "slickq: push: $q: the highest index, 2^47, is reached*"
    try slickq inspect "$q"
    expect_status 0
    expect_match "$output" "*note *damaged: the reserved index is beyond 2^47, where every reservation is refused*"
    try slickq list -o name,state --no-headings
    expect_match "$output" "*$q *damaged: the reserved index is beyond 2^47*"
    try slickq check "$q"
    expect_status 2
    expect_match "$output" "CRITICAL - $q: damaged: the reserved index is beyond 2^47, where every reservation is refused*"
    try slickq verify "$q"
    expect_status 6
    expect_match "$output" "*the reserved index * is beyond 2^47, where reservations are refused*"
  done
}
