# slickq repair: what the dead left is jumped over, what may live is not.
load common

@test "a killed producer's hole is repaired, and everything behind it is delivered" {
  make_queue q --size 8 --elem 8
  start_stuck q 1
  kill_stuck
  seq 7 | slickq push -q q
  slickq cursor create q c >/dev/null
  try slickq pop q --cursor c
  expect_status 5
  try slickq repair q --dry-run
  expect_status 0
  expect_match "$output" "*0..0*1*dead*$stuck*readers go on at 1*would repair q: 1 element"
  try slickq pop q --cursor c
  expect_status 5
  try slickq repair q
  expect_status 0
  expect_match "$output" "*0..0*1*dead*$stuck*readers go on at 1*repaired q: 1 element"
  expect "$(slickq pop q --cursor c --format text -n 7)" "$(seq 7)"
  expect "$(slickq repair q)" "q: nothing to repair"
  slickq verify q >/dev/null
}

@test "every layout is repaired" {
  for layout in wide packed slq0 slq1; do
    make_queue "$layout" --size 8 --elem 8 --layout "$layout"
    slickq push -q "$layout" -m a
    start_stuck "$layout" 3
    kill_stuck
    slickq push -q "$layout" -m b
    try slickq repair "$layout"
    expect_status 0
    expect_match "$output" "*1..3*3*dead*repaired $layout: 3 elements"
    expect "$(slickq dump "$layout" --format text)" $'a\nb'
  done
  make_queue slots --size 8 --elem 8 --items-per-slot 2
  start_stuck slots 3
  kill_stuck
  slickq push -q slots -m b
  expect_match "$(slickq repair slots)" "*0..3*4*dead*repaired slots: 4 elements"
  expect "$(slickq dump slots --format text)" b
}

@test "a stopped producer is never taken for dead, also with --force, and its late publish counts" {
  make_queue q --size 8 --elem 8
  start_stuck q 1
  kill -STOP "$stuck"
  slickq push -q q -m behind
  for force in "" --force; do
    # shellcheck disable=SC2086
    try slickq repair q $force
    expect_status 5
    expect_match "$output" "*0..0*1*alive*$stuck*left: its owner lives (it may be stopped)*repaired q: 0 elements"
  done
  expect "$(slickq inspect q --json | json "d['holes'][0]['owner_pid'], d['holes'][0]['owner_alive']")" "($stuck, True)"
  kill -USR1 "$stuck"
  kill -CONT "$stuck"
  wait "$stuck"
  grep -q published "$stuck_output"
  expect "$(slickq repair q)" "q: nothing to repair"
  expect "$(slickq dump q -f '%i ')" "0 1 "
}

@test "without a journal line it is doubt while somebody has the queue: repaired only with --force" {
  make_queue q --size 8 --elem 8
  start_stuck q 2 unregistered
  slickq push -q q -m behind
  try slickq repair q
  expect_status 5
  expect_match "$output" "*0..1*2*unknown*-*left: its owner keeps no journal*--force*repaired q: 0 elements"
  expect "$(slickq inspect q --json | json "d['holes'][0]['owner_alive']")" None
  try slickq repair q --force
  expect_status 0
  expect_match "$output" "*0..1*2*unknown*-*readers go on at 2*repaired q: 2 elements"
  expect "$(slickq dump q --format text)" behind
}

# QUEUE: the journal of somebody who was killed while it reserved, perhaps before it did.
stage_dead_reserving() {
  local annex=$(($(stat -c %s "$SLICKQ_SHM_DIR/$1") - 4352))
  printf '\2' | dd of="$SLICKQ_SHM_DIR/$1" bs=1 seek=$((annex + 256)) conv=notrunc status=none
  printf '\1' | dd of="$SLICKQ_SHM_DIR/$1" bs=1 seek=$((annex + 192)) conv=notrunc status=none
}

@test "what a dead producer may have reserved is repaired when it is no passing state" {
  make_queue q --size 8 --elem 8
  stage_dead_reserving q
  start_stuck q 2 unregistered
  slickq push -q q -m behind
  try slickq repair q
  expect_status 0
  expect_match "$output" "*0..1*2*dead*-*readers go on at 2*repaired q: 2 elements"
  expect "$(slickq dump q --format text)" behind
}

@test "what a living producer without a journal has in work is never taken for a dead one's" {
  make_queue q --size 1024 --elem 8
  start_stuck q 1 slow
  repaired=0
  for _ in {1..10}; do
    stage_dead_reserving q
    try slickq repair q --json
    expect_status 0
    repaired=$((repaired + $(json "d['repaired']" <<<"$output")))
  done
  kill -USR1 "$stuck"
  wait "$stuck"
  longest=$(sed -n 's/^longest //p' "$stuck_output")
  echo "repaired $repaired, longest in work $longest ms"
  # Held for longer than the two looks are apart (a crowded machine) it is no passing state.
  ((longest >= 100)) || expect "$repaired" 0
}

@test "when nobody has the queue, whoever left the hole is gone" {
  make_queue q --size 8 --elem 8
  start_stuck q 2 unregistered
  kill_stuck
  slickq push -q q -m behind
  expect "$(slickq inspect q --json | json "d['holes'][0]['owner_alive']")" False
  expect_match "$(slickq repair q)" "*0..1*2*dead*-*repaired q: 2 elements"
}

@test "an original's queue, with a hole and no journal, is repaired" {
  cp "$GOLDEN_DIR/cpp-1.4.0/hole-batch.bin" "$SLICKQ_SHM_DIR/q"
  before=$(slickq dump q -q -f '%i %n %x\n')
  try slickq repair q
  expect_status 0
  expect "$(slickq dump q -q -f '%i %n %x\n')" "$before"
  expect "$(slickq inspect q --json | json "d['holes']")" "[]"
  slickq verify q >/dev/null
}

@test "--dry-run writes nothing, and needs only the right to read" {
  make_queue q --size 8 --elem 8
  start_stuck q 1
  kill_stuck
  slickq push -q q -m behind
  chmod 0444 "$SLICKQ_SHM_DIR/q"
  before=$(sha256sum "$SLICKQ_SHM_DIR/q")
  chmod 0755 "$SLICKQ_SHM_DIR"
  if [ "$(id -u)" = 0 ]; then
    try setpriv --reuid 65534 --clear-groups slickq repair q --dry-run
    expect_status 0
    expect_match "$output" "*would repair q: 1 element"
    try setpriv --reuid 65534 --clear-groups slickq repair q
    expect_error 4 "slickq: repair: q: *"
  fi
  expect "$(sha256sum "$SLICKQ_SHM_DIR/q")" "$before"
}

@test "--json has the plan and what came of it" {
  make_queue q --size 8 --elem 8
  start_stuck q 2
  kill_stuck
  slickq push -q q -m behind
  try slickq repair q --json
  expect_status 0
  expect "$(json "d['schema'], d['name'], d['repaired'], d['left'], d['reserved_index'], d['finished_half_made']" <<<"$output")" \
    "('slickq.repair/1', 'q', 2, [], 3, False)"
  expect "$(json "d['repairs']" <<<"$output")" \
    "[{'index': 0, 'next': 2, 'owner_pid': $stuck, 'owner_alive': False}]"
}

@test "a ring of one slot has no repair, and says so" {
  make_queue q --size 1 --elem 8
  start_stuck q 1
  kill_stuck
  try slickq repair q
  expect_status 5
  expect_match "$output" "*0..0*1*dead*a ring of one slot has no repair*"
  slickq push -q q -m next
  expect "$(slickq dump q --format text)" next
}

@test "a stopped producer in the only element makes others give up, and says so; a dead one is found out about" {
  make_queue q --size 1 --elem 8
  start_stuck q 1
  kill -STOP "$stuck"
  try slickq push q -m x
  expect_error 7 "slickq: push: q: another producer stands still*slickq inspect q*"
  kill -9 "$stuck"
  wait "$stuck" || true
  expect_match "$(slickq push q -m x)" "pushed 1 item,*"
  expect "$(slickq dump q --format text)" x
}

@test "a half-made segment is finished when its creator is gone and its header tells enough" {
  cp "$GOLDEN_DIR/cpp-1.4.0/empty.bin" "$SLICKQ_SHM_DIR/q"
  cp "$SLICKQ_SHM_DIR/q" "$SLICKQ_SHM_DIR/whole"
  printf '\2' | dd of="$SLICKQ_SHM_DIR/q" bs=1 seek=48 conv=notrunc status=none
  printf '\0' | dd of="$SLICKQ_SHM_DIR/q" bs=1 seek=64 count=1 conv=notrunc status=none
  before=$(sha256sum "$SLICKQ_SHM_DIR/q")
  expect_match "$(slickq repair q --dry-run)" "would finish q: *slq1, *"
  expect "$(sha256sum "$SLICKQ_SHM_DIR/q")" "$before"
  tail -f /dev/null 3<>"$SLICKQ_SHM_DIR/q" &
  pids+=($!)
  wait_until [ "/proc/${pids[-1]}/fd/3" -ef "$SLICKQ_SHM_DIR/q" ]
  try slickq repair q
  expect_error 7 "slickq: repair: q: half-made, and held by *"
  kill -9 "${pids[-1]}"
  wait "${pids[-1]}" || true
  expect_match "$(slickq repair q)" "finished q: *slq1, *"
  cmp "$SLICKQ_SHM_DIR/q" "$SLICKQ_SHM_DIR/whole"
}

@test "what cannot be finished is told, and left" {
  : >"$SLICKQ_SHM_DIR/empty"
  cp "$GOLDEN_DIR/cpp-1.4.0/three.bin" "$SLICKQ_SHM_DIR/used"
  printf '\2' | dd of="$SLICKQ_SHM_DIR/used" bs=1 seek=48 conv=notrunc status=none
  before=$(cd "$SLICKQ_SHM_DIR" && sha256sum ./*)
  try slickq repair empty
  expect_error 6 "slickq: repair: empty: *slickq unlink empty"
  try slickq repair used
  expect_error 6 "slickq: repair: used: *3 indexes are reserved*slickq unlink used"
  try slickq repair none
  expect_error 3 "slickq: repair: none: *"
  expect "$(cd "$SLICKQ_SHM_DIR" && sha256sum ./*)" "$before"
}
