# The same segments under two builds, this one and SLICKQ_OTHER_BIN_DIR, in both directions: what an upgrade and the way
# back meet. scripts/compat makes the other build of any commit; alone, this build is both.
load common

setup() {
  SLICKQ_SHM_DIR=$(mktemp -d "/dev/shm/slickq-test-$$-XXXXXX")
  export SLICKQ_SHM_DIR
  this=$SLICKQ_BIN_DIR other=${SLICKQ_OTHER_BIN_DIR:-$SLICKQ_BIN_DIR}
  pids=()
}

teardown() {
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  rm -rf "$SLICKQ_SHM_DIR"
}

layouts=(slq1 slq0 packed wide)

# For each layout and both ways round: FUNCTION OLD NEW LAYOUT, OLD began.
each_way() {
  local layout
  for layout in "${layouts[@]}"; do
    "$1" "$this" "$other" "$layout" || { echo "$1: this build, then the other, $layout"; return 1; }
    "$1" "$other" "$this" "$layout" || { echo "$1: the other build, then this one, $layout"; return 1; }
  done
}

texts() { "$1/slickq" tail "$2" -n 100 --format text --color never 2>/dev/null | grep -o '[a-z]*-[0-9]*$' | tr '\n' ' '; }

pushes_and_reads() {  # OLD NEW LAYOUT
  local q=q-$3
  "$1/slickq" create "$q" --size 16 --elem 32 --layout "$3" -q || return 1
  for k in 1 2 3; do
    "$1/slickq" push "$q" -m "old-$k" -q && "$2/slickq" push "$q" -m "new-$k" -q || return 1
  done
  expect "$(texts "$1" "$q")" "old-1 new-1 old-2 new-2 old-3 new-3 " || return 1
  expect "$(texts "$2" "$q")" "$(texts "$1" "$q")" || return 1
  "$2/slickq" unlink "$q" -q
}

@test "what one pushes the other reads, and between its own" { each_way pushes_and_reads; }

takes_by_one_cursor() {
  local q=q-$3
  "$1/slickq" create "$q" --size 16 --elem 32 --layout "$3" -q || return 1
  for k in 1 2 3 4; do "$1/slickq" push "$q" -m "item-$k" -q || return 1; done
  "$1/slickq" cursor create "$q" desk --at begin >/dev/null || return 1
  expect "$("$1/slickq" pop "$q" --cursor desk --format text -q)" "item-1" || return 1
  expect "$("$2/slickq" pop "$q" --cursor desk --format text -q)" "item-2" || return 1
  expect "$("$1/slickq" pop "$q" --cursor desk --format text -q)" "item-3" || return 1
  "$2/slickq" unlink "$q@desk" "$q" -q
}

@test "a cursor that one made leads the other on" { each_way takes_by_one_cursor; }

repairs_what_died() {
  local q=q-$3
  "$1/slickq" create "$q" --size 16 --elem 32 --layout "$3" -q || return 1
  # A producer of this build, or of the other one, dies with a reservation.
  "$(dirname "$1")/tests/stuck_producer" "$q" 2 >"$SLICKQ_SHM_DIR/.stuck" 3>&- &
  pids+=($!)
  wait_until grep -q reserved "$SLICKQ_SHM_DIR/.stuck"
  "$2/slickq" push "$q" -m behind-1 -q || return 1
  "$2/slickq" repair "$q" -q && return 1  # it lives
  kill -9 "${pids[-1]}"
  wait "${pids[-1]}" 2>/dev/null || true
  "$2/slickq" repair "$q" -q || return 1
  "$1/slickq" verify "$q" >/dev/null || return 1
  "$2/slickq" verify "$q" >/dev/null || return 1
  expect "$(texts "$1" "$q")" "behind-1 " || return 1
  "$1/slickq" unlink "$q" -q
}

@test "one repairs what a producer of the other left, and leaves the living alone" { each_way repairs_what_died; }

records_and_replays() {
  local q=q-$3
  "$1/slickq" create "$q" --size 16 --elem 32 --layout "$3" -q || return 1
  for k in 1 2 3; do "$1/slickq" push "$q" -m "item-$k" -q || return 1; done
  "$1/slickq" record "$q" -e -o "$SLICKQ_SHM_DIR/.capture" --force -q || return 1
  "$2/slickq" create "again-$3" --size 16 --elem 32 --layout "$3" -q || return 1
  "$2/slickq" replay "$SLICKQ_SHM_DIR/.capture" --to "again-$3" --speed max -q || return 1
  expect "$(texts "$1" "again-$3")" "item-1 item-2 item-3 " || return 1
  "$1/slickq" unlink "$q" "again-$3" -q
}

@test "what one recorded the other replays" { each_way records_and_replays; }
