# --json on every verb: valid, with its schema, numbers as numbers; and nothing on standard output when it failed.
load common

schema() { json "d['schema']"; }

@test "every verb prints one object with its schema, wherever --json stands" {
  expect "$(slickq create --json q --size 8 --elem 8 | schema)" slickq.create/1
  expect "$(slickq --json create q --size 8 --elem 8 --if-not-exists | schema)" slickq.create/1
  expect "$(slickq create p --size 8 --elem 8 --dry-run --json | schema)" slickq.create/1
  expect "$(slickq list --json | schema)" slickq.list/1
  expect "$(slickq ls -a --json | schema)" slickq.list/1
  expect "$(slickq inspect q --json | schema)" slickq.inspect/1
  expect "$(slickq stat --json q --slots | schema)" slickq.inspect/1
  expect "$(slickq push q -m x --json | schema)" slickq.push/1
  expect "$(slickq ps q --json | schema)" slickq.ps/1
  expect "$(slickq verify q --json | schema)" slickq.verify/1
  expect "$(slickq version --json | schema)" slickq.version/1
  expect "$(slickq completion bash --json | schema)" slickq.completion/1
  expect "$(slickq check q --json | schema)" slickq.check/1
  expect "$(slickq reset q --json | schema)" slickq.reset/1
  expect "$(slickq gc --match none --json | schema)" slickq.gc/1
  expect "$(slickq cursor create q c --json | schema)" slickq.cursor-create/1
  expect "$(slickq cursor list --json | schema)" slickq.cursor-list/1
  expect "$(slickq cursor show q c --json | schema)" slickq.cursor-show/1
  expect "$(slickq cursor set q c end --json | schema)" slickq.cursor-set/1
  expect "$(slickq cursor remove q c --json | schema)" slickq.cursor-remove/1
  expect "$(slickq unlink q --json 2>/dev/null | schema)" slickq.unlink/1
}

@test "inspect has the documented keys" {
  make_queue q --size 8 --elem 24
  slickq push -q q -m x
  expect "$(slickq inspect q --json | json "' '.join(k for k in '''name path layout capacity element_size items_per_slot
    segment_bytes data_offset init_state reserved_index published_index last_published_index unpublished oldest_index
    holes holders mode owner group inode compatible_with'''.split() if k not in d)")" ""
  expect "$(slickq inspect q --json | json "d['name'],d['capacity'],d['element_size'],d['items_per_slot'],d['data_offset'],
    d['reserved_index'],d['published_index'],d['last_published_index'],d['unpublished'],d['oldest_index'],d['holes'],d['mode']")" \
    "('q', 8, 24, 1, 192, 1, 1, 0, 0, 0, [], '0600')"
  expect "$(slickq inspect q --json | json "d['holders']['count'], d['holders']['processes'], d['inode']")" \
    "(0, [], $(stat -c %i "$SLICKQ_SHM_DIR/q"))"
  expect "$(slickq inspect q --json | json "d['segment_bytes']")" "$(stat -c %s "$SLICKQ_SHM_DIR/q")"
}

@test "what does not exist is null" {
  make_queue q --size 8 --elem 8 --layout packed
  expect "$(slickq inspect q --json | json "d['last_published_index']")" None
  cp "$GOLDEN_DIR/cpp-1.4.0/hole.bin" "$SLICKQ_SHM_DIR/hole"
  expect "$(slickq inspect hole --json | json "d['holes']")" \
    "[{'index': 2, 'next': 3, 'owner_pid': None, 'owner_alive': False, 'age_ms': None}]"
  expect "$(slickq inspect --file "$SLICKQ_SHM_DIR/hole" --json | json "d['holes'][0]['owner_alive']")" None
  expect "$(slickq inspect --file "$SLICKQ_SHM_DIR/hole" --json | json "d['holders']")" None
}

@test "streams are one object a line" {
  make_queue q --size 8 --elem 8
  slickq push -q q -m a -m b
  for verb in dump tail "pop --cursor c --create -n 2"; do
    # shellcheck disable=SC2086
    expect "$(slickq $verb q --json | json_lines)" "0 1 8 6100000000000000 1 1 8 6200000000000000"
  done
}

json_lines() {
  python3 -c 'import json,sys
print(*(v for line in sys.stdin for v in json.loads(line).values()))'
}

@test "findings are in the object, and the exit code is 6" {
  cp "$GOLDEN_DIR/cpp-1.4.0/hole.bin" "$SLICKQ_SHM_DIR/hole"
  try slickq verify hole --json
  expect_status 6
  expect "$(json "d['sound'], [(f['kind'], f['where']) for f in d['findings']]" <<<"$output")" "(False, [('hole', 2)])"
}

@test "a failed verb prints no JSON" {
  for verb in "inspect none" "verify none" "create q --size 3 --elem 8" "unlink none" "ps none" "push none -m x" \
    "pop none --cursor c" "cursor show none c" "daemon status --socket $SLICKQ_SHM_DIR/none"; do
    # shellcheck disable=SC2086
    try slickq $verb --json
    [ "$status" -ne 0 ]
    expect "$output" ""
    expect_match "$stderr" "slickq: *"
  done
}

@test "names that are no UTF-8 do not break the JSON" {
  printf -v name 'q\xff'
  make_queue "$name" --size 8 --elem 8
  slickq list --json | python3 -m json.tool >/dev/null
}
