# slickq gc and reset.
load common

hold() {  # NAME: somebody who knows nothing of slickq has it open
  sleep 600 <"$SLICKQ_SHM_DIR/$1" &
  pids+=($!)
  wait_until grep -q sleep "/proc/$!/comm"
}

@test "gc removes what matches and nobody uses, and nothing else" {
  for name in job-1 job-2 other; do make_queue $name --size 8 --elem 8; done
  slickq cursor create job-1 c >/dev/null
  echo foreign >"$SLICKQ_SHM_DIR/job-foreign"
  mkdir "$SLICKQ_SHM_DIR/job-dir"
  hold job-2
  sleep 0.02
  try slickq gc --match 'job-*' --older-than 1ms
  expect_status 0
  expect_match "${lines[0]}" "removed job-1, *, unchanged for *"
  expect_match "${lines[1]}" "removed job-1@c, 8, unchanged for *"
  expect "${#lines[@]}" 2
  expect "$(ls "$SLICKQ_SHM_DIR")" $'job-2\njob-dir\njob-foreign\nother'
}

@test "gc leaves what is young, and a cursor whose queue is in use, and says so with -v" {
  make_queue job-1 --size 8 --elem 8
  slickq cursor create job-1 c >/dev/null
  try slickq gc --match 'job-*' -v
  expect_status 0
  expect "$output" ""
  expect_match "$stderr" $'left job-1, * old: too young\nleft job-1@c, * old: too young'
  hold job-1
  sleep 0.02
  try slickq gc --match '*@c' --older-than 1ms -v
  expect "$output" ""
  expect_match "$stderr" "left job-1@c, * old: its queue is held by pid $! (sleep)"
  [ -e "$SLICKQ_SHM_DIR/job-1@c" ]
}

@test "gc --dry-run removes nothing; --json tells everything" {
  make_queue job-1 --size 8 --elem 8
  make_queue job-2 --size 8 --elem 8
  hold job-2
  sleep 0.02
  try slickq gc --match 'job-*' --older-than 1ms --dry-run
  expect_match "$output" "would remove job-1, *"
  expect "$(slickq gc --match 'job-*' --older-than 1ms --dry-run --json | json "d['schema'], d['dry_run'],
    [r['name'] for r in d['removed']], [(l['name'], l['why'].split(' ')[0]) for l in d['left']], d['older_than_ms']")" \
    "('slickq.gc/1', True, ['job-1'], [('job-2', 'held')], 1)"
  expect "$(ls "$SLICKQ_SHM_DIR")" $'job-1\njob-2'
}

@test "gc without a pattern is a usage error, and with several takes them all" {
  try slickq gc
  expect_error 2 "slickq: gc: --match: missing*"
  make_queue a --size 8 --elem 8
  make_queue b --size 8 --elem 8
  sleep 0.02
  try slickq gc --match a --match b --older-than 1ms
  expect_match "$output" $'removed a, *\nremoved b, *'
}

@test "gc finishes removals that somebody was killed in" {
  make_queue q --size 8 --elem 8
  gone=.slickq-gone-$(stat -c %i "$SLICKQ_SHM_DIR/q")-q
  mv "$SLICKQ_SHM_DIR/q" "$SLICKQ_SHM_DIR/$gone"
  try slickq gc --match none --dry-run
  expect "$output" "would finish the removal of $gone"
  [ -e "$SLICKQ_SHM_DIR/$gone" ]
  try slickq gc --match none
  expect_status 0
  expect "$output" "finished the removal of q"
  expect "$(ls -A "$SLICKQ_SHM_DIR")" ""
}

@test "gc tells what it may not remove, and removes the others" {
  [ "$(id -u)" = 0 ] || skip "becoming another user takes root"
  chmod 1777 "$SLICKQ_SHM_DIR"
  make_queue job-1 --size 8 --elem 8 --mode 0666
  make_queue job-2 --size 8 --elem 8 --mode 0666 --owner nobody
  sleep 0.02
  try setpriv --reuid=nobody --regid=nogroup --clear-groups "$(command -v slickq)" gc --match 'job-*' --older-than 1ms
  expect_status 4
  expect_match "$output" "removed job-2, *"
  expect_match "$stderr" "slickq: gc: job-1: it belongs to user 0*"
}

@test "reset empties a queue, and consumers begin anew" {
  make_queue q --size 8 --elem 8
  slickq push -q q -m a -m b
  slickq cursor create q c --at end >/dev/null
  try slickq reset q --dry-run
  expect_status 0
  expect "$output" "would reset q: it had come to index 2"
  expect "$(slickq inspect q --json | json "d['reserved_index']")" 2
  try slickq reset q
  expect_status 0
  expect "$output" "reset q: it had come to index 2"
  expect "$(slickq inspect q --json | json "d['reserved_index'], d['published_index']")" "(0, 0)"
  slickq push -q q -m again
  expect "$(slickq pop q --cursor c --format text -n 1 2>/dev/null)" again
  expect "$(slickq reset q --json | json "d['schema'], d['reserved_index'], d['forced'], d['dry_run']")" \
    "('slickq.reset/1', 1, False, False)"
}

@test "a held queue is not reset without force, and its holder is named" {
  make_queue q --size 8 --elem 8
  slickq push -q q -m a
  hold q
  try slickq reset q
  expect_error 7 "slickq: reset: q: held by *$! sleep*--force"
  try slickq reset q --dry-run
  expect_status 7
  expect "$(slickq inspect q --json | json "d['reserved_index']")" 1
  try slickq reset q --force
  expect_status 0
  expect_match "$output" "reset q: it had come to index 1, held by *$! sleep*"
  expect "$(slickq inspect q --json | json "d['reserved_index']")" 0
}

@test "every layout can be reset" {
  for layout in slq1 slq0 packed wide; do
    make_queue "$layout" --size 8 --elem 8 --layout "$layout"
    slickq push -q "$layout" -m x
    slickq reset "$layout" >/dev/null
    slickq push -q "$layout" -m y
    expect "$(slickq dump "$layout" --format text)" y
  done
}

@test "a queue that is not there, or none, is not reset" {
  try slickq reset none
  expect_error 3 "slickq: reset: none: no such segment*"
  echo foreign >"$SLICKQ_SHM_DIR/f"
  try slickq reset f
  expect_status 6
}

@test "who may write but not ask the kernel does not empty a queue that others may use" {
  [ "$(id -u)" -eq 0 ] || skip "needs root to become somebody else"
  chmod 755 "$SLICKQ_SHM_DIR"
  make_queue q --size 8 --elem 8 --mode 0666
  slickq push -q q -m a
  hold q
  nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups "$SLICKQ_BIN_DIR/slickq")
  for flags in "" --dry-run; do
    # shellcheck disable=SC2086
    try "${nobody[@]}" reset q $flags
    expect_error 7 "slickq: reset: q: may be in use, and we are not allowed to find out*slickq reset q --force"
  done
  expect "$(slickq dump q --format text)" a
  try "${nobody[@]}" reset q --force
  expect_status 0
  expect "$output" "reset q: it had come to index 1"
}

@test "gc says why nothing went, and takes names with a slash" {
  make_queue job-1 --size 8 --elem 8
  make_queue job-2 --size 8 --elem 8
  hold job-2
  try slickq gc --match '/job-*'
  expect_status 0
  expect "$output" ""
  expect "$stderr" "nothing removed: 1 younger than 10m, 1 in use, or not ours to remove (-v lists them)"
  try slickq gc --match 'none*'
  expect "$stderr" "nothing removed: no queue or cursor matches"
  sleep 0.02
  try slickq gc --match /job-1 --older-than 1ms
  expect_match "$output" "removed job-1, *"
  expect "$stderr" ""
}
